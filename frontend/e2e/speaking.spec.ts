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
  await page.getByRole("link", { name: "Farm" }).click();
  await page.getByRole("link", { name: "Write", exact: true }).click();
  await expect(studio.sheet).toHaveText("Kept for later.");
  await page.waitForTimeout(1200);
  await page.reload();
  await expect(studio.sheet).toHaveText("Kept for later.");
});

test("a voice is found, heard, and put into the text", async ({ studio, page, service }) => {
  await studio.open("");
  await page.getByRole("button", { name: /^Voice (?!from)/ }).click();
  const picker = page.getByRole("dialog", { name: "Choose a voice" });
  await picker.getByRole("searchbox").fill("nobody by this name");
  await expect(picker.getByText("No voice like that")).toBeVisible();
  await picker.getByRole("searchbox").fill("heart");
  const before = (await service.get<{ items: unknown[] }>("/history")).items.length;
  await picker.getByRole("button", { name: /^Listen to/ }).first().click();
  await expect(picker.getByRole("button", { name: "Stop" })).toBeVisible();
  await expect(picker.getByRole("button", { name: /^Listen to/ }).first()).toBeVisible({ timeout: 30_000 });
  // A voice that was only tried leaves nothing behind.
  await expect.poll(async () => (await service.get<{ items: unknown[] }>("/history")).items.length).toBe(before);
  await page.keyboard.press("Escape");
  await studio.write("Before");
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Voice from here" }).click();
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
  await dialog.getByLabel("Said as").fill("win");
  await dialog.getByRole("button", { name: "Everywhere in this text" }).click();
  await expect(page.getByRole("list", { name: "Pronunciations" })).toContainText("Nguyen → win");
  await page.getByRole("button", { name: /^Speak/ }).click();
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
  await expect(page.getByText("is no text file")).toBeVisible();
  await expect(studio.sheet).toHaveText("What was here.");
});

test("a text longer than the service takes becomes several recordings", async ({ studio, page, service }) => {
  const { limits } = await service.get<{ limits: { max_text_chars: number } }>("/health");
  await studio.open("");
  await studio.write(prose(limits.max_text_chars + 500, "A long book"));
  await page.getByRole("button", { name: "Speak in 2 parts" }).click();
  await expect(page).toHaveURL(/#\/library/);
  const { items } = await service.get<{ items: { job_id: string; text: string }[] }>("/jobs?limit=2");
  expect(items.map((job) => job.text.length).every((length) => length <= limits.max_text_chars)).toBe(true);
  for (const { job_id } of items) await fetch(`${service.url}/jobs/${job_id}`, { method: "DELETE" });
});
