import { expect, prose, test } from "./studio";

const SCRIPT_BYTES_MAX = 150_000;

test("a first visit fetches little script", async ({ studio, page }) => {
  await studio.open("");
  await studio.sheet.click();
  await page.keyboard.type("x");
  await expect(studio.sheet).toContainText("x");
  const script = await page.evaluate(() =>
    (performance.getEntriesByType("resource") as PerformanceResourceTiming[])
      .filter((entry) => entry.name.endsWith(".js"))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  );
  expect(script).toBeGreaterThan(10_000);
  expect(script).toBeLessThanOrEqual(SCRIPT_BYTES_MAX);
});

for (const [kind, text] of [
  ["in paragraphs", prose(500_000)],
  ["in one line", prose(510_000).replace(/\s+/g, " ")],
] as const) {
  test(`half a million characters ${kind} are edited at both ends`, async ({ studio, page }) => {
    await studio.open("");
    await studio.write(text);
    const counted = page.getByText(/of 200,000 characters/);
    await expect(counted).toContainText(/^50\d,\d\d\d of|^51\d,\d\d\d of/);
    for (const [place, typed] of [["Home", "kk first"], ["End", "kk last"]] as const) {
      await page.keyboard.press(`ControlOrMeta+${place}`);
      await page.keyboard.type(typed);
      await expect(studio.sheet).toContainText(typed);
    }
  });
}
