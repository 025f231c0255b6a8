import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { expect, prose, test } from "./studio";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe-core finds wrong with what is shown now. The policy lets no script in, so it comes by the debugger; of styles it
 * would make copies, which the policy does not let in either.
 */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, "utf8"));
  const { violations: found } = await page.evaluate(
    () => (window as unknown as { axe: { run: (how: { preload: boolean }) => Promise<{ violations: Violation[] }> } }).axe.run({ preload: false }),
  );
  return found.flatMap((one) => one.nodes.map((node) => `${one.id}: ${one.help}\n  ${node.html}\n  ${node.failureSummary}`));
}

for (const theme of ["light", "dark"] as const) {
  test(`nothing on any screen keeps somebody out (${theme})`, async ({ studio, page, service }) => {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    const id = await service.speak(prose(600, "An open door"));
    for (const where of ["", "#/library", `#/listen/${id}`, "#/listen/nobody-knows-it", "#/farm", "#/farm?part=models", "#/farm?part=figures"]) {
      await studio.open(where);
      await page.waitForTimeout(1200);
      expect(await violations(page), where).toEqual([]);
    }
    await studio.open("");
    await page.getByRole("button", { name: /^Voice / }).click();
    await page.waitForTimeout(500);
    expect(await violations(page), "the voices").toEqual([]);
  });
}

test("all of it by keys alone", async ({ studio, page, service }) => {
  await studio.open("");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  for (let n = 0; n < 20 && !(await studio.sheet.evaluate((sheet) => sheet === document.activeElement)); n++) {
    await page.keyboard.press("Tab");
  }
  await expect(studio.sheet).toBeFocused();
  await page.keyboard.type("Spoken without a mouse.");
  // The sheet does not keep the Tab key to itself.
  await page.keyboard.press("Tab");
  await expect(studio.sheet).not.toBeFocused();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect(page.getByRole("main")).toBeFocused();
  await expect(page.locator(".wave")).toBeVisible({ timeout: 30_000 });
  expect((await service.get<{ text: string }>(`/history/${id}`)).text).toBe("Spoken without a mouse.");
});

test("in French, and remembered", async ({ studio, page }) => {
  await studio.open("");
  await page.getByText("Français").click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nouvel enregistrement");
  await expect(page.locator("html")).toHaveAttribute("lang", "fr");
  for (const where of ["#/library", "#/farm", "#/farm?part=models", "#/farm?part=figures"]) {
    await studio.open(where);
    await page.waitForTimeout(500);
    expect(await violations(page), where).toEqual([]);
  }
});

test("on a phone nothing is wider than the screen", async ({ studio, page, service }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const id = await service.speak(`${"Donaudampfschifffahrtsgesellschaft".repeat(4)} and a long word.`);
  for (const where of ["", "#/library", `#/listen/${id}`, "#/farm", "#/farm?part=models", "#/farm?part=figures"]) {
    await studio.open(where);
    await page.waitForTimeout(600);
    const over = await page.evaluate(() => {
      const main = document.querySelector("main") as HTMLElement;
      return [document.documentElement.scrollWidth - innerWidth, main.scrollWidth - main.clientWidth];
    });
    expect(over, where).toEqual([0, 0]);
  }
});
