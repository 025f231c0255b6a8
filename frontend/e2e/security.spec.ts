import { expect, SCREENS, test } from "./studio";

/** Markup, scripts, quotes and direction marks. Each must be shown as it was written. */
const HOSTILE = [
  `<img src=x onerror="window.hacked=1"> & "quotes" 'single'`,
  `</script><script>window.hacked=1</script> done`,
  "\u202Etxet desrever\u202C and \u2067right\u2069 to left, שלום עולם",
  "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1}",
  "javascript:window.hacked=1 [voice](javascript:window.hacked=1) data:text/html,<b>x</b>",
];

test("texts and titles are never interpreted as markup", async ({ studio, page, service }) => {
  for (const text of HOSTILE) {
    const id = await service.synthesize(`Here: ${text}`);
    await studio.open(`#/listen/${id}`);
    const recording = await service.get<{ text: string; title: string }>(`/history/${id}`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(recording.title);
    const shown = (await page.locator(".transcript-text").textContent()) ?? "";
    // Of a link in Markdown, only the words are shown, and they lead nowhere.
    expect(shown).toBe(recording.text.replace(/\[(\w+)\]\([^)]*\)/, "$1"));
    await expect(page.locator(".transcript-text a")).toHaveCount(0);
    await studio.open(SCREENS.library);
    await expect(page.getByRole("link", { name: recording.title, exact: true }).first()).toBeVisible();
    await studio.open(SCREENS.write);
    await studio.write(text);
    await expect(studio.editor).toContainText(text.slice(0, 20));
  }
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
});

test("names of voices are never interpreted as markup", async ({ studio, page }) => {
  await page.route("**/voices", async (route) => {
    const response = (await (await route.fetch()).json()) as { voices: Record<string, unknown>[] };
    response.voices[0] = { ...response.voices[0], name: HOSTILE[0] };
    await route.fulfill({ json: response });
  });
  await studio.open(SCREENS.write);
  await page.getByRole("button", { name: /^Voice / }).click();
  await expect(page.getByRole("dialog").locator("bdi").first()).toHaveText(HOSTILE[0] as string);
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
});

test("the content security policy blocks inline scripts", async ({ page, service }) => {
  const response = await page.goto(service.app);
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hacked = 1";
    document.body.append(script);
    const box = document.createElement("div");
    box.innerHTML = `<img src="x:" onerror="window.hacked=2">`;
    document.body.append(box);
  });
  await page.waitForTimeout(300);
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
});
