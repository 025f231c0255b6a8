import { expect, prose, SCREENS, test } from "./studio";

const SCRIPT_BYTES_MAX = 150_000;

test("a first visit loads at most 150 kB of scripts", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.editor.click();
  await page.keyboard.type("x");
  await expect(studio.editor).toContainText("x");
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
  test(`half a million characters ${kind} can be edited at both ends`, async ({ studio, page }) => {
    await studio.open(SCREENS.write);
    await studio.write(text);
    const counter = page.getByText(/of 200,000 characters/);
    await expect(counter).toContainText(/^50\d,\d\d\d of|^51\d,\d\d\d of/);
    for (const [place, typed] of [
      ["Home", "kk first"],
      ["End", "kk last"],
    ] as const) {
      await page.keyboard.press(`ControlOrMeta+${place}`);
      await page.keyboard.type(typed);
      await expect(studio.editor).toContainText(typed);
    }
  });
}
