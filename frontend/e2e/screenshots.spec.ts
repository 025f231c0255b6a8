/** Takes screenshots of every screen, in both themes and two widths, into frontend/shots. */

import { expect, SCREENS, test } from "./studio";

const TEXT = [
  "The lighthouse keeper owned two clocks. One told the hour, and the other told the truth.",
  "On the evening that the Marguerite came in, both of them stopped. [pause:1s] " +
    "He wound the first and left the second alone.",
  "“There is time enough,” he said to [Nguyen](/wɪn/), and put the kettle on. Rain came over the hills. " +
    "They counted the steps of the tower, and then they counted them again, " +
    "and it was, by all accounts, a very ordinary Tuesday.",
].join("\n\n");

const VIEWPORTS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const theme of ["light", "dark"] as const) {
  for (const [device, viewport] of Object.entries(VIEWPORTS)) {
    test(`${theme} theme, ${device}`, async ({ studio, page, service }) => {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      const takeScreenshot = async (name: string): Promise<void> => {
        await page.waitForTimeout(900);
        await page.screenshot({ path: `shots/${name}-${theme}-${device}.png` });
      };
      const { items } = await service.get<{ items: { job_id: string }[] }>("/history?q=lighthouse&limit=1");
      const id = items[0]?.job_id ?? (await service.synthesize(TEXT));
      await studio.open(SCREENS.write);
      await takeScreenshot("write-empty");
      await studio.write(TEXT);
      await takeScreenshot("write");
      await page.getByRole("button", { name: /^Voice / }).click();
      await takeScreenshot("voices");
      await page.keyboard.press("Escape");
      await studio.open(`#/listen/${id}`);
      await expect(page.locator(".wave-box")).toBeVisible();
      await page.locator('[data-segment="2"]').first().click();
      await expect.poll(() => studio.positionS()).toBeGreaterThan(0);
      await page.getByRole("button", { name: "Pause" }).first().click();
      await takeScreenshot("listen");
      await studio.open(SCREENS.library);
      await takeScreenshot("library");
      await studio.open("#/library?q=nothing+like+it");
      await takeScreenshot("library-no-results");
      for (const screen of ["system", "models", "statistics"] as const) {
        await studio.open(SCREENS[screen]);
        await takeScreenshot(screen);
      }
      await studio.open("#/listen/unknown");
      await takeScreenshot("listen-not-found");
      await page.route("**/voices", (route) => route.abort());
      await page.route("**/history*", (route) => route.abort());
      await studio.open(SCREENS.library);
      await takeScreenshot("library-unreachable");
    });
  }
}
