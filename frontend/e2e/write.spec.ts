import { expect, prose, test } from "./studio";

test("a text is written, sent by a key, and heard from its first segment on", async ({ studio, page, service }) => {
  await studio.open("");
  await studio.write(prose(1500, "A heron"));
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect.poll(() => studio.heardS(), { message: "the sound moves" }).toBeGreaterThan(0.3);
  const first = await studio.heardS();
  await expect.poll(() => studio.heardS()).toBeGreaterThan(first + 1);
  // The passage that is heard is marked, and it is a passage of the text.
  const marked = page.locator(".passage[aria-current=true]");
  await expect(marked).toHaveCount(1);
  expect(prose(1500, "A heron").replace(/\s+/g, " ")).toContain((await marked.innerText()).trim());
  await expect(page.locator(".wave")).toBeVisible({ timeout: 60_000 });
  expect((await service.get<{ status: string }>(`/jobs/${id}`)).status).toBe("completed");
});

test("what is written outlives a reload and a walk through the page", async ({ studio, page }) => {
  await studio.open("");
  await studio.write("Kept for later.");
  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("link", { name: "Write", exact: true }).click();
  await expect(studio.sheet).toHaveText("Kept for later.");
  await page.waitForTimeout(1200);
  await page.reload();
  await expect(studio.sheet).toHaveText("Kept for later.");
});

test("a voice is found, heard, and put into the text", async ({ studio, page, service }) => {
  await studio.open("");
  await page.getByRole("button", { name: /^Voice / }).click();
  const picker = page.getByRole("dialog", { name: "Choose a voice" });
  await picker.getByRole("searchbox").fill("nobody by this name");
  await expect(picker.getByText("No voices found")).toBeVisible();
  await picker.getByRole("searchbox").fill("heart");
  const before = (await service.get<{ items: unknown[] }>("/history")).items.length;
  await picker.getByRole("button", { name: /^Preview / }).first().click();
  await expect(picker.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(picker.getByRole("button", { name: /^Preview / }).first()).toBeVisible({ timeout: 30_000 });
  // A voice that was only tried leaves nothing behind.
  await expect.poll(async () => (await service.get<{ items: unknown[] }>("/history")).items.length).toBe(before);
  await page.keyboard.press("Escape");
  await studio.write("Before");
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Change voice" }).click();
  await page.getByRole("dialog").locator(".voice-choice:not(:disabled)").first().click();
  await expect(studio.sheet).toHaveText(/^Before \[voice:[a-z0-9_]+\]$/);
});

test("pauses and pronunciations are put in by buttons, and are followed", async ({ studio, page, service }) => {
  await studio.open("");
  await studio.write("Hello Nguyen.");
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.getByRole("button", { name: "2.0 s" }).click();
  await expect(studio.sheet).toHaveText("Hello Nguyen. [pause:2s]");
  await page.getByRole("button", { name: "Pronunciation" }).click();
  const dialog = page.getByRole("dialog", { name: "Pronunciation" });
  await dialog.getByLabel("Word or phrase").fill("Nguyen");
  await dialog.getByLabel("Pronounce as").fill("win");
  await dialog.getByRole("button", { name: "Apply everywhere" }).click();
  await expect(page.getByRole("list", { name: "Pronunciations" })).toContainText("Nguyen → win");
  await page.getByRole("button", { name: /^Generate/ }).click();
  const id = await studio.jobId();
  await expect.poll(async () => (await service.get<{ status: string }>(`/jobs/${id}`)).status).toBe("completed");
  const { duration_s } = await service.get<{ duration_s: number }>(`/history/${id}`);
  expect(duration_s).toBeGreaterThan(2.5);
});

test("a file is opened, what is no text is refused, and the text before comes back", async ({ studio, page }) => {
  await studio.open("");
  await studio.write("What was here.");
  const choose = page.locator("input[type=file]");
  await choose.setInputFiles({ name: "book.md", mimeType: "text/markdown", buffer: Buffer.from("# A title\r\n\r\nÉté.") });
  await expect(studio.sheet).toContainText("# A title");
  await expect(studio.sheet).toContainText("Été.");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(studio.sheet).toHaveText("What was here.");
  await choose.setInputFiles({ name: "photo.png", mimeType: "image/png", buffer: Buffer.from([137, 80, 78, 71, 0]) });
  await expect(page.getByText("Cannot open “photo.png”.")).toBeVisible();
  await expect(studio.sheet).toHaveText("What was here.");
});

test("a text longer than the service takes becomes several recordings", async ({ studio, page, service }) => {
  const { limits } = await service.get<{ limits: { max_text_chars: number } }>("/health");
  await studio.open("");
  await studio.write(prose(limits.max_text_chars + 500, "A long book"));
  await page.getByRole("button", { name: "Generate 2 recordings" }).click();
  await expect(page).toHaveURL(/#\/library/);
  const { items } = await service.get<{ items: { job_id: string; text: string }[] }>("/jobs?limit=2");
  expect(items.map((job) => job.text.length).every((length) => length <= limits.max_text_chars)).toBe(true);
  for (const { job_id } of items) await fetch(`${service.url}/jobs/${job_id}`, { method: "DELETE" });
});

test("who leaves while it is spoken hears it to its end, and is not pulled back", async ({ studio, page }) => {
  await studio.open("");
  await studio.write("This goes on while one looks at something else. It has a second sentence, and then it ends.");
  await page.keyboard.press("Control+Enter");
  await studio.jobId();
  await page.getByRole("link", { name: "System" }).click();
  const player = page.getByRole("region", { name: "Player" });
  await expect(player.getByRole("slider", { name: "Position" })).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.ended), { timeout: 30_000 }).toBe(true);
  await expect(page).toHaveURL(/#\/farm/);
});

test("raw samples are heard once they are finished, and nothing else under their name", async ({ studio, page }) => {
  await studio.open("");
  await page.getByLabel("Format").selectOption("pcm");
  await studio.write("Raw samples have no player of their own.");
  await page.keyboard.press("Control+Enter");
  const id = await studio.jobId();
  await expect.poll(() => studio.heardS(), { timeout: 30_000 }).toBeGreaterThan(0.5);
  expect(await page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.src)).toContain(`${id}/audio?format=`);
  await expect(page.locator(".wave-box")).toBeVisible();
});

test("what was cleared comes back, from another screen too", async ({ studio, page }) => {
  await studio.open("");
  await studio.write("Not to be lost.");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(studio.sheet).not.toContainText("Not to be lost.");
  await page.getByRole("link", { name: "System" }).click();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "Write", exact: true }).click();
  await expect(studio.sheet).toHaveText("Not to be lost.");
});

test("junk in the storage of a browser costs no page", async ({ studio, page }) => {
  await studio.open("");
  await page.evaluate(() => {
    for (const [name, held] of Object.entries({ language: '"xx"', theme: "7", delivery: '{"lexicon":null,"speed":"fast"}', draft: "{}", removals: "5" })) {
      localStorage.setItem(`oratio.${name}`, held);
    }
  });
  await page.reload();
  await expect(studio.sheet).toBeVisible();
  for (const where of ["#/library", "#/farm"]) await studio.open(where);
});

test("a voice that cannot be spoken is said, and not passed off as speech", async ({ studio, page }) => {
  await studio.open("");
  await studio.write("Hello. [voice:af_heart] And this is a beep.");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText(/af_heart: No worker can speak this voice/)).toBeVisible({ timeout: 30_000 });
});
