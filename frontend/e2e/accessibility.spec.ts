import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { expect, prose, SCREENS, test } from "./studio";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

const WRAPPED = `
The lighthouse keeper owned two clocks, and one of them told
the hour, while the other one told the truth to every light-
house that could be seen from the top of the old tower, but
nobody on the island knew which one of the two it was, and
that was the reason why the ferry came a little later every
day of the week.
`;

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/**
 * Runs axe-core on the current page and returns the violations. The content security policy blocks script elements, so
 * axe-core is evaluated by the debugger. `preload` is off because it copies style sheets, which the policy blocks too.
 */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations: found } = await page.evaluate(() =>
    (
      window as unknown as {
        axe: { run: (options: { preload: boolean }) => Promise<{ violations: Violation[] }> };
      }
    ).axe.run({ preload: false }),
  );
  return found.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${violation.help}\n  ${node.html}\n  ${node.failureSummary}`,
    ),
  );
}

for (const theme of ["light", "dark"] as const) {
  test(`no screen has an accessibility violation (${theme})`, async ({ studio, page, service }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const id = await service.synthesize(prose(600, "An open door"));
    for (const address of [...Object.values(SCREENS), `#/listen/${id}`, "#/listen/unknown"]) {
      await studio.open(address);
      await page.waitForTimeout(1200);
      expect(await violations(page), address).toEqual([]);
    }
    await studio.open(SCREENS.write);
    await page.getByRole("button", { name: /^Voice / }).click();
    await page.waitForTimeout(500);
    expect(await violations(page), "the voice picker").toEqual([]);
  });
}

test("a recording can be created with the keyboard alone", async ({ studio, page, service }) => {
  await studio.open(SCREENS.write);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  for (
    let n = 0;
    n < 20 && !(await studio.editor.evaluate((editor) => editor === document.activeElement));
    n++
  ) {
    await page.keyboard.press("Tab");
  }
  await expect(studio.editor).toBeFocused();
  await page.keyboard.type("Created without a mouse.");
  // The Tab key leaves the editor.
  await page.keyboard.press("Tab");
  await expect(studio.editor).not.toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect(page.getByRole("main")).toBeFocused();
  await expect(page.locator(".wave")).toBeVisible({ timeout: 30_000 });
  expect((await service.get<{ text: string }>(`/history/${id}`)).text).toBe("Created without a mouse.");
});

test("French screens have no accessibility violation", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await page.getByText("Français").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nouvel enregistrement");
  await expect(page.locator("html")).toHaveAttribute("lang", "fr");
  for (const address of [SCREENS.library, SCREENS.system, SCREENS.models, SCREENS.statistics]) {
    await studio.open(address);
    await page.waitForTimeout(500);
    expect(await violations(page), address).toEqual([]);
  }
});

test("a phone shows the whole text of French filters", async ({ studio, page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.addInitScript(() => localStorage.setItem("oratio.language", '"fr"'));
  await studio.open(SCREENS.write);
  await page.getByRole("button", { name: /^Voix / }).click();
  await expect(page.getByRole("combobox", { name: "Langue" })).toBeVisible();
  expect(await cutOffTexts(page)).toEqual([]);
  await studio.open(SCREENS.library);
  await page.getByRole("button", { name: "Filtres" }).click();
  await expect(page.getByRole("combobox", { name: "Modèle" })).toBeVisible();
  expect(await cutOffTexts(page)).toEqual([]);
});

test("a phone shows whole buttons and fields in French", async ({ studio, page, service }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.addInitScript(() => localStorage.setItem("oratio.language", '"fr"'));
  await studio.open(SCREENS.write);
  await studio.write(prose(450_000));
  const generate = page.getByRole("button", { name: "Générer 3 enregistrements" });
  const [button, card] = [await generate.boundingBox(), await page.locator(".editor-card").boundingBox()];
  expect(rightOf(button)).toBeLessThan(rightOf(card));

  const file = { name: "book.txt", mimeType: "text/plain", buffer: Buffer.from(WRAPPED) };
  await page.locator("input[type=file]").setInputFiles(file);
  const option = page.getByText("Réunir les mots coupés");
  const [label, tick] = [await option.boundingBox(), await option.getByRole("checkbox").boundingBox()];
  expect(label?.height ?? 0, "the text of the option has several lines").toBeGreaterThan(30);
  expect(label?.y ?? 0).toBeLessThan(tick?.y ?? 0);
  expect((label?.y ?? 0) + (label?.height ?? 0)).toBeGreaterThan((tick?.y ?? 0) + (tick?.height ?? 0) + 5);

  await studio.open(`#/listen/${await service.synthesize("A title of many words, which is to be changed.")}`);
  await page.getByRole("button", { name: "Renommer" }).click();
  const title = await page.getByRole("textbox", { name: "Titre" }).boundingBox();
  expect(title?.width ?? 0).toBeGreaterThan(250);
});

const rightOf = (box: { x: number; width: number } | null): number => (box ? box.x + box.width : 0);

/** Returns the texts of visible select boxes that are wider than their boxes. */
async function cutOffTexts(page: Page): Promise<string[]> {
  await page.evaluate(() => document.fonts.ready);
  return page.locator("select:visible").evaluateAll((boxes) => {
    const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    return (boxes as HTMLSelectElement[]).flatMap((box) => {
      const { font, paddingLeft, paddingRight } = getComputedStyle(box);
      const text = box.selectedOptions[0]?.text ?? "";
      context.font = font;
      const availablePx = box.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
      return context.measureText(text).width > availablePx + 0.5 ? [text] : [];
    });
  });
}

test("no screen scrolls sideways on a phone", async ({ studio, page, service }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const id = await service.synthesize(`${"Donaudampfschifffahrtsgesellschaft".repeat(4)} and a long word.`);
  for (const address of [...Object.values(SCREENS), `#/listen/${id}`]) {
    await studio.open(address);
    await page.waitForTimeout(600);
    const overflowPx = await page.evaluate(() => {
      const main = document.querySelector("main") as HTMLElement;
      return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
    });
    expect(overflowPx, address).toEqual([0, 0]);
  }
});
