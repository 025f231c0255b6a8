import { expect, test } from "./studio";

/** Markup, quotes, marks that turn the direction of writing, script: each must be seen as it was written. */
const HOSTILE = [
  `<img src=x onerror="window.hacked=1"> & "quotes" 'single'`,
  `</script><script>window.hacked=1</script> done`,
  "\u202Etxet desrever\u202C and \u2067right\u2069 to left, שלום עולם",
  "{{constructor.constructor('window.hacked=1')()}} ${window.hacked=1}",
  "javascript:window.hacked=1 [voice](javascript:window.hacked=1) data:text/html,<b>x</b>",
];

test("texts and titles are shown as text on every screen", async ({ studio, page, service }) => {
  for (const text of HOSTILE) {
    const id = await service.speak(`Here: ${text}`);
    await studio.open(`#/listen/${id}`);
    const recording = await service.get<{ text: string; title: string }>(`/history/${id}`);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(recording.title);
    const read = (await page.locator(".read").textContent()) ?? "";
    expect(read).toBe(recording.text);
    await studio.open("#/library");
    await expect(page.getByRole("link", { name: recording.title, exact: true }).first()).toBeVisible();
    await studio.open("");
    await studio.write(text);
    await expect(studio.sheet).toContainText(text.slice(0, 20));
  }
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
});

test("what a voice is called is shown as text", async ({ studio, page }) => {
  await page.route("**/voices", async (route) => {
    const answer = (await (await route.fetch()).json()) as { voices: Record<string, unknown>[] };
    answer.voices[0] = { ...answer.voices[0], name: HOSTILE[0] };
    await route.fulfill({ json: answer });
  });
  await studio.open("");
  await page.getByRole("button", { name: /^Voice / }).click();
  await expect(page.getByRole("dialog").locator("bdi").first()).toHaveText(HOSTILE[0] as string);
  expect(await page.evaluate(() => (window as { hacked?: number }).hacked)).toBeUndefined();
});

test("the policy allows nothing inline, and a script that gets in does not run", async ({ page, service }) => {
  const answer = await page.goto(service.app);
  const policy = answer?.headers()["content-security-policy"] ?? "";
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
