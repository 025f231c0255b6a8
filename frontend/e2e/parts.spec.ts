import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, prose, SCREENS, test } from "./studio";

const TITLE = "The long way stood by the window and nobody had lit it for a week. Rain came…";
const PARTS = 3;

test.beforeEach(async ({ studio, page, service }) => {
  const { items } = await service.get<{ items: { job_id: string }[] }>("/history?limit=500");
  for (const { job_id } of items) await fetch(`${service.url}/history/${job_id}`, { method: "DELETE" });
  await service.synthesize("An older recording.");
  // The studio splits the text as if the service accepted only short ones.
  await page.route("**/health", async (route) => {
    const response = await route.fetch();
    const health = (await response.json()) as { limits: object };
    await route.fulfill({ response, json: { ...health, limits: { ...health.limits, max_text_chars: 300 } } });
  });
  await studio.open(SCREENS.write);
  await studio.write(prose(800, "The long way"));
  await page.getByRole("button", { name: `Generate ${PARTS} recordings` }).click();
  await expect(rowsOf(page)).toHaveCount(2);
  await expect(groupOf(page)).toContainText(`${PARTS} parts`, { timeout: 60_000 });
});

const rowsOf = (page: Page) => page.locator(".recordings").getByRole("row");
const groupOf = (page: Page) => rowsOf(page).filter({ hasText: TITLE });

test("the parts of a long text are one row with totals, which opens to them", async ({ page, service }) => {
  const { items } = await service.get<{ items: { duration_s: number; title: string }[] }>("/history");
  const parts = items.filter((recording) => recording.title.startsWith(TITLE));
  const totalS = parts.reduce((sum, part) => sum + part.duration_s, 0);
  const clock = `${Math.floor(totalS / 60)}:${String(Math.floor(totalS) % 60).padStart(2, "0")}`;
  await expect(groupOf(page)).toContainText(clock);
  await expect(groupOf(page)).toHaveAttribute("aria-expanded", "false");

  await groupOf(page).getByRole("button", { name: /^Show the parts of/ }).click();
  await expect(rowsOf(page)).toHaveCount(2 + PARTS);
  for (let part = 1; part <= PARTS; part++)
    await expect(rowsOf(page).nth(part).getByRole("link")).toHaveText(`Part ${part} of ${PARTS}`);

  // Still open, and at the same place, after a visit to a part.
  await page.getByRole("link", { name: "Part 2 of 3" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`${TITLE} (2/${PARTS})`);
  await page.goBack();
  await expect(rowsOf(page)).toHaveCount(2 + PARTS);
  await expect(rowsOf(page).nth(2)).toBeFocused();
});

test("keys open and close the parts, and select all of them", async ({ page }) => {
  await groupOf(page).focus();
  await page.keyboard.press("ArrowRight");
  await expect(rowsOf(page)).toHaveCount(2 + PARTS);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await expect(page.getByText("1 selected")).toBeVisible();
  await page.keyboard.press("ArrowUp");
  await expect(groupOf(page)).toBeFocused();
  await page.keyboard.press("Space");
  await expect(page.getByText("3 selected")).toBeVisible();
  await expect(groupOf(page)).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowLeft");
  await expect(rowsOf(page)).toHaveCount(2);
  await expect(page.getByText("3 selected")).toBeVisible();
});

test("all parts are exported as one ZIP, kept, and deleted", async ({ page, service }) => {
  const download = page.waitForEvent("download");
  await groupOf(page).getByRole("button", { name: /^Export the parts of .* as ZIP$/ }).click();
  const zip = (await readFile(await (await download).path())).toString("latin1");
  // The parts and the manifest.
  expect(zip.match(/PK\x01\x02/g)).toHaveLength(PARTS + 1);

  const more = groupOf(page).getByRole("button", { name: /^More actions for/ });
  await more.click();
  await page.getByRole("button", { name: "Keep all parts" }).click();
  await expect(groupOf(page)).toContainText("Kept");
  await more.click();
  await page.getByRole("button", { name: "Delete all parts" }).click();
  await expect(groupOf(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(groupOf(page)).toContainText(`${PARTS} parts`);
  await groupOf(page).focus();
  await page.keyboard.press("Delete");
  await expect(page.getByText("3 recordings deleted")).toBeVisible();
  await expect
    .poll(async () => (await service.get<{ items: { text: string }[] }>("/history")).items.length, {
      timeout: 15_000,
    })
    .toBe(1);
});
