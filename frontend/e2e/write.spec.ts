import type { Locator } from "@playwright/test";
import { expect, prose, SCREENS, test } from "./studio";

test("Ctrl+Enter generates a recording, and playback starts with its first segment", async ({
  studio,
  page,
  service,
}) => {
  await studio.open(SCREENS.write);
  await studio.write(prose(1500, "A heron"));
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect.poll(() => studio.positionS(), { message: "the player plays" }).toBeGreaterThan(0.3);
  const first = await studio.positionS();
  await expect.poll(() => studio.positionS()).toBeGreaterThan(first + 1);
  // The segment that is playing is highlighted.
  const current = page.locator(".segment[aria-current=true]");
  await expect(current).toHaveCount(1);
  expect(prose(1500, "A heron").replace(/\s+/g, " ")).toContain((await current.innerText()).trim());
  await expect(page.locator(".wave")).toBeVisible({ timeout: 60_000 });
  expect((await service.get<{ status: string }>(`/jobs/${id}`)).status).toBe("completed");
});

test("the settings are beside the text, and below it on a phone", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  const boxOf = async (element: Locator) =>
    (await element.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const settings = page.getByRole("region", { name: "Speech settings" });
  await expect(settings).toBeVisible();
  const [text, beside] = [await boxOf(studio.editor), await boxOf(settings)];
  expect(beside.x).toBeGreaterThan(text.x + text.width);
  expect(beside.y).toBeLessThan(text.y + text.height);
  await page.setViewportSize({ width: 360, height: 740 });
  const [above, below] = [await boxOf(studio.editor), await boxOf(settings)];
  expect(below.y).toBeGreaterThan(above.y + above.height);
  expect(below.width).toBeGreaterThan(300);
});

test("the draft survives a reload and a visit to another screen", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write("Kept for later.");
  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("link", { name: "Write", exact: true }).click();
  await expect(studio.editor).toHaveText("Kept for later.");
  await page.waitForTimeout(1200);
  await page.reload();
  await expect(studio.editor).toHaveText("Kept for later.");
});

test("a voice can be searched, previewed, and inserted into the text", async ({ studio, page, service }) => {
  await studio.open(SCREENS.write);
  await page.getByRole("button", { name: /^Voice / }).click();
  const picker = page.getByRole("dialog", { name: "Choose a voice" });
  await picker.getByRole("searchbox").fill("no such name");
  await expect(picker.getByText("No voices found")).toBeVisible();
  await picker.getByRole("searchbox").fill("heart");
  const before = (await service.get<{ items: unknown[] }>("/history")).items.length;
  await picker
    .getByRole("button", { name: /^Preview / })
    .first()
    .click();
  await expect(picker.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(picker.getByRole("button", { name: /^Preview / }).first()).toBeVisible({ timeout: 30_000 });
  // A preview leaves no recording.
  await expect
    .poll(async () => (await service.get<{ items: unknown[] }>("/history")).items.length)
    .toBe(before);
  await page.keyboard.press("Escape");
  await studio.write("Before");
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Change voice" }).click();
  await page.getByRole("dialog").locator(".voice-choice:not(:disabled)").first().click();
  await expect(studio.editor).toHaveText(/^Before \[voice:[a-z0-9_]+\]$/);
});

test("buttons insert pauses and pronunciations, and the recording follows them", async ({
  studio,
  page,
  service,
}) => {
  await studio.open(SCREENS.write);
  await studio.write("Hello Nguyen.");
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "2.0 s" }).click();
  await expect(studio.editor).toHaveText("Hello Nguyen. [pause:2s]");
  await page.getByRole("button", { name: "Pronunciation" }).click();
  const dialog = page.getByRole("dialog", { name: "Pronunciation" });
  await dialog.getByLabel("Word or phrase").fill("Nguyen");
  await dialog.getByLabel("Pronounce as").fill("win");
  await dialog.getByRole("button", { name: "Apply everywhere" }).click();
  await expect(page.getByRole("list", { name: "Pronunciations" })).toContainText("Nguyen → win");
  await page.getByRole("button", { name: /^Generate/ }).click();
  const id = await studio.jobId();
  await expect
    .poll(async () => (await service.get<{ status: string }>(`/jobs/${id}`)).status)
    .toBe("completed");
  const { duration_s } = await service.get<{ duration_s: number }>(`/history/${id}`);
  expect(duration_s).toBeGreaterThan(2.5);
});

test("a text file can be opened and undone, and other files are refused", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write("What was here.");
  const choose = page.locator("input[type=file]");
  await choose.setInputFiles({
    name: "book.md",
    mimeType: "text/markdown",
    buffer: Buffer.from("# A title\r\n\r\nÉté."),
  });
  await expect(studio.editor).toContainText("# A title");
  await expect(studio.editor).toContainText("Été.");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(studio.editor).toHaveText("What was here.");
  await choose.setInputFiles({
    name: "photo.png",
    mimeType: "image/png",
    buffer: Buffer.from([137, 80, 78, 71, 0]),
  });
  await expect(page.getByText("Cannot open “photo.png”.")).toBeVisible();
  await expect(studio.editor).toHaveText("What was here.");
});

test("a text longer than the limit becomes several recordings", async ({ studio, page, service }) => {
  const { limits } = await service.get<{ limits: { max_text_chars: number } }>("/health");
  await studio.open(SCREENS.write);
  await studio.write(prose(limits.max_text_chars + 500, "A long book"));
  await page.getByRole("button", { name: "Generate 2 recordings" }).click();
  await expect(page).toHaveURL(/#\/library/);
  const { items } = await service.get<{
    items: { job_id: string; title: string; text: string }[];
  }>("/jobs?limit=2");
  expect(items.map((job) => job.text.length).every((length) => length <= limits.max_text_chars)).toBe(true);
  // Newest first.
  expect(items.map((job) => job.title.replace(/^.*(?= \()/, ""))).toEqual([" (2/2)", " (1/2)"]);
  for (const { job_id } of items) await fetch(`${service.url}/jobs/${job_id}`, { method: "DELETE" });
});

test("playback continues on another screen, and the user stays there", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write("This continues on another screen. It has a second sentence, and then it ends.");
  await page.keyboard.press("Control+Enter");
  await studio.jobId();
  await page.getByRole("link", { name: "System" }).click();
  const player = page.getByRole("region", { name: "Player" });
  await expect(player.getByRole("slider", { name: "Position" })).toBeVisible({ timeout: 30_000 });
  await expect
    .poll(() => page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.ended), { timeout: 30_000 })
    .toBe(true);
  await expect(page).toHaveURL(new RegExp(SCREENS.system));
});

test("a PCM recording is converted and played when it has completed", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await page.getByLabel("Format").selectOption("pcm");
  await studio.write("Raw samples have no player of their own.");
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect.poll(() => studio.positionS(), { timeout: 30_000 }).toBeGreaterThan(0.5);
  expect(await page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.src)).toContain(
    `${id}/audio?format=`,
  );
  await expect(page.locator(".wave-box")).toBeVisible();
});

test("a cleared text can be restored from another screen", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write("Not to be lost.");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(studio.editor).not.toContainText("Not to be lost.");
  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "Write", exact: true }).click();
  await expect(studio.editor).toHaveText("Not to be lost.");
});

test("invalid values in the browser's storage do not break the studio", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await page.evaluate(() => {
    for (const [name, value] of Object.entries({
      language: '"xx"',
      theme: "7",
      delivery: '{"lexicon":null,"speed":"fast"}',
      draft: "{}",
      removals: "5",
    })) {
      localStorage.setItem(`oratio.${name}`, value);
    }
  });
  await page.reload();
  await expect(studio.editor).toBeVisible();
  for (const address of [SCREENS.library, SCREENS.system]) await studio.open(address);
});
