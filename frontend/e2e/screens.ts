/** The states of the studio that screenshots show, in the order in which they are reached. */

import { prose, SCREENS, type Page, type Studio } from "./studio";
import type { Service } from "./service";

export interface Scene {
  studio: Studio;
  page: Page;
  service: Service;
  language: "en" | "fr";
}

const TEXT = [
  "# The keeper’s clocks",
  "The lighthouse keeper owned two clocks. One told the hour, and the other told the **truth**.",
  "On the evening that the Marguerite came in, both of them stopped. [pause:1s] " +
    "He wound the first and left the second alone.",
  "“There is time enough,” he said to [Nguyen](/wɪn/), and put the kettle on. Rain came over the hills. " +
    "They counted the steps of the tower, and then they counted them again, " +
    "and it was, by all accounts, a very ordinary Tuesday.",
  "- one boat\n- two boats",
].join("\n\n");

const FRENCH =
  "La gardienne du phare possédait deux horloges. L’une disait l’heure, et l’autre disait la vérité à tous.";

/** As on paper: its lines are broken, a word is split, and it has page numbers. */
const WRAPPED = `
The lighthouse keeper owned two clocks, and one of them told
the hour, while the other one told the truth to every light-
house that could be seen from the top of the old tower, but
nobody on the island knew which one of the two it was, and
that was the reason why the ferry came a little later every
day of the week.
12
`.repeat(3);

const RECORDINGS = 40;
const PARTS = 3;
/** Long enough to be generated while the screenshots are taken. */
const LONG = prose(60_000, "The long way");

const UNREACHABLE = /\/(history|jobs|voices|workers|health|synthesize)\b/;

export const STATES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  "write-first-visit": async ({ studio, service }) => {
    await deleteAll(service);
    await studio.open(SCREENS.write);
  },
  write: async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".more-options summary").click();
  },
  "write-foreign": ({ studio, language }) => write(studio, language === "en" ? FRENCH : TEXT),
  "write-too-long": ({ studio }) => write(studio, prose(450_000)),
  "write-pause": async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".editor-toolbar button").first().click();
  },
  "write-pronunciation": async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".editor-toolbar > .row > .button").nth(2).click();
  },
  "write-mend": async ({ studio, page }) => {
    await write(studio, "");
    const file = { name: "book.txt", mimeType: "text/plain", buffer: Buffer.from(WRAPPED) };
    await page.locator("input[type=file]").setInputFiles(file);
  },
  "write-beep": async ({ studio, page }) => {
    await write(studio, "Hello. [voice:af_heart] And this would be a beep.");
    await page.waitForResponse(/\/estimate/);
    await page.keyboard.press("Control+Enter");
  },
  voices: async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".voice-button").click();
  },
  "voices-unavailable": async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".voice-button").click();
    await page.locator(".model-group").last().scrollIntoViewIfNeeded();
  },
  "voices-none": async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.locator(".voice-button").click();
    await page.locator(".picker input[type=search]").fill("zebra");
  },
  help: async ({ studio, page }) => {
    await studio.open(SCREENS.system);
    await page.getByRole("main").focus();
    await page.keyboard.press("?");
  },
  preferences: async ({ studio, page }) => {
    await studio.open(SCREENS.write);
    const menu = page.locator(".mobile-header button").first();
    if (await menu.isVisible()) await menu.click();
  },
  "library-empty": async ({ studio, page, service }) => {
    await deleteAll(service);
    await page.goto("about:blank");
    await studio.open(SCREENS.library);
  },
  library: async ({ studio, service }) => {
    await service.run("frontend/e2e/seed_library.py", service.dataFolder, String(RECORDINGS));
    await service.run("frontend/e2e/seed_usage.py", service.databaseUrl);
    for (let part = 1; part <= PARTS; part++)
      await service.synthesize(`${prose(200, `Part ${part}`)}`, { title: `A long book (${part}/${PARTS})` });
    await service.synthesize(TEXT);
    await openLibrary(studio);
  },
  "library-parts": async ({ studio, page }) => {
    await openLibrary(studio);
    await page.locator(".part-group .unfold").first().click();
  },
  "library-selected": async ({ studio, page }) => {
    await openLibrary(studio);
    for (const row of [0, 2]) await page.locator(".recording .tick").nth(row).check();
  },
  "library-more": async ({ studio, page }) => {
    await openLibrary(studio);
    await page.locator(".recording .cell-actions button[popovertarget]").nth(1).click();
  },
  "library-download": async ({ studio, page }) => {
    await openLibrary(studio);
    await page.locator(".recording .cell-actions button[popovertarget]").first().click();
  },
  "library-rename": async ({ studio, page }) => {
    await openLibrary(studio);
    await page.locator(".recording .cell-actions button[popovertarget]").nth(1).click();
    await page.locator(":popover-open button").first().click();
  },
  "library-dates": async ({ studio, page }) => {
    await page.goto("about:blank");
    await studio.open("#/library?q=sea&from=2026-05-03&to=2026-05-01");
    const toggle = page.locator(".library-filters-toggle");
    if (await toggle.isVisible()) await toggle.click();
  },
  "library-deleted": async ({ studio, page }) => {
    await openLibrary(studio);
    await page.locator(".recording").nth(4).focus();
    await page.keyboard.press("Delete");
  },
  "library-failed": async ({ studio, service }) => {
    await failJob(service, "The failed one. It has a second sentence.");
    const cancelled = await service.submit(LONG);
    await fetch(`${service.url}/jobs/${cancelled}/cancel`, { method: "POST" });
    for (const text of [LONG, `${LONG} Again.`]) await service.submit(text);
    await openLibrary(studio);
    await studio.page.locator(".in-progress").first().waitFor();
  },
  "write-in-progress": ({ studio }) => write(studio, TEXT),
  "listen-live": async ({ studio, page, service }) => {
    await studio.open(`#/listen/${await service.running()}`);
    await page.locator(".segment").nth(2).waitFor();
    await page.getByRole("main").focus();
    await page.keyboard.press("k");
    await page.waitForTimeout(3000);
  },
  "listen-queued": async ({ studio, service }) => {
    await studio.page.goto("about:blank");
    await studio.open(`#/listen/${await service.submit(LONG, { priority: "bulk" })}`);
  },
  "system-busy": ({ studio }) => studio.open(SCREENS.system),
  "listen-cancelled": async ({ studio, service }) => {
    const running = await service.running();
    await cancelAll(service);
    await studio.open(`#/listen/${running}`);
  },
  "listen-failed": async ({ studio, service }) => {
    await studio.open(`#/listen/${await failJob(service, TEXT)}`);
  },
  listen: async ({ studio, page, service }) => {
    await studio.open(`#/listen/${await service.synthesize(TEXT)}`);
    await page.locator(".wave-box").waitFor();
    await page.locator('[data-segment="2"]').first().click();
    await page.waitForTimeout(1500);
    await page.keyboard.press("k");
  },
  "listen-warnings": async ({ studio, service }) => {
    const text = `${FRENCH} [sic] Ceci est un titre [voice:af_heart] et la suite de ce texte.`;
    await studio.open(`#/listen/${await service.synthesize(text)}`);
  },
  "listen-rename": async ({ studio, page, service }) => {
    await studio.open(`#/listen/${await service.synthesize(TEXT)}`);
    await page.locator(".wave-box").waitFor();
    await page.locator(".listen-head button").first().click();
  },
  "listen-not-found": ({ studio }) => studio.open("#/listen/unknown"),
  "library-no-results": ({ studio }) => studio.open("#/library?q=nothing+like+it"),
  system: async ({ studio, page }) => {
    await page.goto("about:blank");
    await studio.open(SCREENS.system);
  },
  models: ({ studio }) => studio.open(SCREENS.models),
  "models-download": async ({ page }) => {
    await page.locator(".model", { hasText: "Kokoro" }).locator(".button").last().click();
  },
  "models-failed": async ({ studio, page }) => {
    await page.goto("about:blank");
    await studio.open(SCREENS.models);
    await page.locator(".model", { hasText: "Kokoro" }).locator(".button").last().click();
    await page.locator("dialog[open] .button.primary").click();
    await page.locator(".note.bad").first().waitFor({ timeout: 60_000 });
  },
  statistics: async ({ studio, page }) => {
    await studio.open(`${SCREENS.statistics}&range=30`);
    await page.locator("canvas").first().waitFor();
    await page.locator("details.more summary").first().click();
  },
  "library-unreachable": async ({ studio, page }) => {
    await page.route(UNREACHABLE, (route) => route.abort());
    await page.goto("about:blank");
    await studio.open(SCREENS.library);
  },
  "listen-unreachable": ({ studio }) => studio.open("#/listen/unknown"),
  "write-unreachable": async ({ studio, page }) => {
    await write(studio, TEXT);
    await page.keyboard.press("Control+Enter");
    await page.waitForTimeout(3000);
    await page.unroute(UNREACHABLE);
  },
};

async function write(studio: Studio, text: string): Promise<void> {
  await studio.page.goto("about:blank");
  await studio.open(SCREENS.write);
  await studio.write(text);
}

async function openLibrary(studio: Studio): Promise<void> {
  await studio.page.goto("about:blank");
  await studio.open(SCREENS.library);
  await studio.page.locator(".recording").first().waitFor();
}

async function deleteAll(service: Service): Promise<void> {
  await cancelAll(service);
  for (const list of ["history", "jobs"]) {
    const { items } = await service.get<{ items: { job_id: string }[] }>(`/${list}?limit=100`);
    for (const { job_id } of items) await fetch(`${service.url}/jobs/${job_id}`, { method: "DELETE" });
  }
}

async function cancelAll(service: Service): Promise<void> {
  for (const status of ["queued", "running"]) {
    const { items } = await service.get<{ items: { job_id: string }[] }>(`/jobs?status=${status}&limit=100`);
    for (const { job_id } of items) await fetch(`${service.url}/jobs/${job_id}/cancel`, { method: "POST" });
  }
}

/** Creates a job that looks as if its worker had crashed. */
async function failJob(service: Service, text: string): Promise<string> {
  const id = await service.synthesize(text, { use_cache: false });
  await service.execute("DELETE FROM recordings WHERE job_id = ?", id);
  await service.execute(
    "UPDATE jobs SET status = 'failed', audio_key = NULL, error_code = 'worker_crashed', " +
      "error_message = 'The worker crashed 2 times on this text. Shorten or change the text, then try again.' " +
      "WHERE id = ?",
    id,
  );
  return id;
}
