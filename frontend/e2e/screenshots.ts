/**
 * Takes screenshots of every screen and dialog into frontend/shots: `npm run screenshots`.
 *
 * One test takes those of a language, a theme and a width: `npm run screenshots -- -g "fr dark 390"`. The names of the
 * states are in screens.ts; STATES=library,help takes only those of some states.
 */

import { STATES } from "./screens";
import { Service } from "./service";
import { expect, type Page, test as base } from "./studio";

/** Longer than the 14 months of the seeded recordings, so that only the oldest ones expire soon. */
const MAX_AGE_H = 10_520;
const HEIGHT_MAX = 2600;
/** A phone, a laptop at 200 % zoom, and the laptop. */
const SIZES = [
  { width: 390, height: 844 },
  { width: 640, height: 400 },
  { width: 1280, height: 800 },
];
const only = process.env["STATES"]?.split(",");

const test = base.extend<object, { service: Service }>({
  service: [
    async ({}, use) => {
      const service = await Service.start({ ORATIO_CLEAN_MAX_HOURS: String(MAX_AGE_H) });
      await use(service);
      await service.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

for (const language of ["en", "fr"] as const) {
  for (const theme of ["light", "dark"] as const) {
    for (const size of SIZES) {
      test(`${language} ${theme} ${size.width}`, async ({ studio, page, service }) => {
        test.setTimeout(600_000);
        page.setDefaultTimeout(10_000);
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await page.addInitScript((name) => {
          if (location.protocol !== "about:") localStorage.setItem("oratio.language", `"${name}"`);
        }, language);
        for (const [name, show] of Object.entries(STATES)) {
          if (only && !only.includes(name)) continue;
          await page.setViewportSize(size);
          try {
            await show({ studio, page, service, language });
          } catch (error) {
            // The other states are still shown.
            expect.soft(error, name).toBeNull();
          }
          await showWhole(page, size);
          await page.screenshot({ path: `shots/${name}-${language}-${theme}-${size.width}.png` });
        }
      });
    }
  }
}

/** Makes the window as high as the screen. Dialogs and menus keep the window that they opened in. */
async function showWhole(page: Page, size: { width: number; height: number }): Promise<void> {
  await page.waitForTimeout(700);
  const hiddenPx = await page.evaluate(() => {
    const main = document.querySelector("main");
    return main && !document.querySelector("dialog[open], :popover-open")
      ? main.scrollHeight - main.clientHeight
      : 0;
  });
  if (hiddenPx === 0) return;
  await page.setViewportSize({ ...size, height: Math.min(size.height + hiddenPx, HEIGHT_MAX) });
  await page.waitForTimeout(300);
}
