/** Every screen in both themes and two widths, kept in frontend/shots to be looked at. */

import { expect, test } from "./studio";

const TALE = `The lighthouse keeper owned two clocks. One told the hour, and the other told the truth.

On the evening that the Marguerite came in, both of them stopped. [pause:1s] He wound the first and left the second alone.

“There is time enough,” he said to [Nguyen](/wɪn/), and put the kettle on. Rain came over the hills. They counted the steps of the tower, and then they counted them again, and it was, by all accounts, a very ordinary Tuesday.`;

const WIDTHS = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

for (const theme of ["light", "dark"] as const) {
  for (const [name, viewport] of Object.entries(WIDTHS)) {
    test(`${theme}, ${name}`, async ({ studio, page, service }) => {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      const shot = async (what: string): Promise<void> => {
        await page.waitForTimeout(900);
        await page.screenshot({ path: `shots/${what}-${theme}-${name}.png` });
      };
      const told = `?q=${encodeURIComponent("lighthouse")}&limit=1`;
      const { items } = await service.get<{ items: { job_id: string }[] }>(`/history${told}`);
      const id = items[0]?.job_id ?? (await service.speak(TALE));
      await studio.open("");
      await shot("write-empty");
      await studio.write(TALE);
      await shot("write");
      await page.getByRole("button", { name: /^Voice / }).click();
      await shot("voices");
      await page.keyboard.press("Escape");
      await studio.open(`#/listen/${id}`);
      await expect(page.locator(".wave-box")).toBeVisible();
      await page.locator('[data-cue="2"]').first().click();
      await expect.poll(() => studio.heardS()).toBeGreaterThan(0);
      await page.getByRole("button", { name: "Pause" }).first().click();
      await shot("listen");
      await studio.open("#/library");
      await shot("library");
      await studio.open("#/library?q=nothing+like+it");
      await shot("library-none");
      for (const part of ["workers", "models", "figures"]) {
        await studio.open(`#/farm?part=${part}`);
        await shot(`farm-${part}`);
      }
      await studio.open("#/listen/nobody-knows-it");
      await shot("gone");
      await page.route("**/voices", (route) => route.abort());
      await page.route("**/history*", (route) => route.abort());
      await studio.open("#/library");
      await shot("library-away");
    });
  }
}
