import { expect, prose, SCREENS, type Studio, test } from "./studio";
import type { Service } from "./service";

interface Job {
  status: string;
  attempts: number;
  progress: { segments_done: number; segments_total: number | null };
}

async function startJob(studio: Studio, text: string): Promise<string> {
  await studio.open(SCREENS.write);
  await studio.write(text);
  await studio.page.getByRole("button", { name: /^Generate/ }).click();
  return studio.jobId();
}

const getJob = (service: Service, id: string): Promise<Job> => service.get<Job>(`/jobs/${id}`);

async function waitForProgress(service: Service, id: string): Promise<void> {
  await expect
    .poll(async () => (await getJob(service, id)).progress.segments_done, { timeout: 30_000 })
    .toBeGreaterThan(2);
}

test("a running job is still shown after a reload, with its earlier segments", async ({
  studio,
  page,
  service,
}) => {
  const id = await startJob(studio, prose(9000, "The reload"));
  await waitForProgress(service, id);
  await page.reload();
  await expect(page.locator(".segment").nth(2)).toBeVisible();
  const count = await page.locator(".segment").count();
  expect((await getJob(service, id)).status).toBe("running");
  await expect.poll(() => page.locator(".segment").count(), { timeout: 30_000 }).toBeGreaterThan(count);
  // Playback starts again from the beginning of the recording.
  await page.getByRole("button", { name: "Play" }).first().click();
  await expect.poll(() => studio.positionS()).toBeGreaterThan(0.5);
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
});

test("a lost connection is shown and recovered from", async ({ studio, page, service }) => {
  const id = await startJob(studio, prose(9000, "The line"));
  await waitForProgress(service, id);
  await service.killGateway();
  await expect(page.getByText("Connection lost.")).toBeVisible();
  await expect(page.getByText("Connection lost.")).toBeHidden({ timeout: 30_000 });
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
  expect((await getJob(service, id)).status).toBe("completed");
});

test("a job can be cancelled and retried", async ({ studio, page, service }) => {
  const id = await startJob(studio, prose(9000, "The change of mind"));
  await waitForProgress(service, id);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("This recording was cancelled.")).toBeVisible();
  expect((await getJob(service, id)).status).toBe("cancelled");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  expect((await getJob(service, id)).status).toBe("completed");
});

test("a job can be stopped, and what was spoken is kept", async ({ studio, page, service }) => {
  const id = await startJob(studio, prose(20_000, "The last word"));
  await waitForProgress(service, id);
  await page.getByRole("button", { name: "Stop and keep" }).click();
  await expect(page.locator(".wave")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("list", { name: "Warnings" })).toContainText(
    /This recording was stopped after \d+ of \d+ segments\./,
  );
  // The rest of the text is kept, and can be edited.
  await expect(page.locator(".between").last()).toContainText("opinions of its own");
  expect((await service.get<{ duration_s: number }>(`/history/${id}`)).duration_s).toBeGreaterThan(1);
});

test("a job completes although its worker is killed", async ({ studio, page, service }) => {
  const id = await startJob(studio, prose(6000, "The accident"));
  await waitForProgress(service, id);
  const { workers } = await service.get<{
    workers: { pid: number; alive: boolean; holding: { job_id: string }[] }[];
  }>("/workers");
  const holder = workers.find((worker) => worker.alive && worker.holding.some((held) => held.job_id === id));
  expect(holder).toBeDefined();
  process.kill(holder?.pid ?? 0, "SIGKILL");
  await expect(page.locator(".wave")).toBeVisible({ timeout: 85_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
  const after = await getJob(service, id);
  expect([after.status, after.attempts]).toEqual(["completed", 2]);
});

test("a click on a segment plays from its time in the captions", async ({ studio, page, service }) => {
  const id = await service.synthesize(prose(1200, "The index"));
  await studio.open(`#/listen/${id}`);
  const { segments } = await service.get<{ segments: { start_s: number; end_s: number; text: string }[] }>(
    `/jobs/${id}/captions.json`,
  );
  const fourth = segments[3];
  await page.locator('[data-segment="3"]').first().click();
  await expect.poll(() => studio.positionS()).toBeGreaterThanOrEqual((fourth?.start_s ?? 0) - 0.05);
  await expect(page.locator(".segment[aria-current=true]").first()).toHaveText(fourth?.text.trim() ?? "");
  await page.locator('[data-segment="3"]').first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect.poll(() => studio.positionS()).toBeGreaterThanOrEqual((segments[4]?.start_s ?? 0) - 0.05);
});

test("a deleted recording is not found", async ({ studio, page, service }) => {
  const id = await service.synthesize("Deleted soon.");
  await fetch(`${service.url}/history/${id}`, { method: "DELETE" });
  await studio.open(`#/listen/${id}`);
  await expect(page.getByText("Recording not found")).toBeVisible();
  await page.getByRole("button", { name: "Go to library" }).click();
  await expect(page).toHaveURL(/#\/library/);
});

test("the text shows its headings, lists and emphasis, without their marks", async ({
  studio,
  page,
  service,
}) => {
  const text =
    "# The *old* sea\n\nIt was **very** calm,\nand nobody spoke.\n\n- one boat\n- two boats\n\n3. The third";
  const id = await service.synthesize(text);
  await studio.open(`#/listen/${id}`);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("The old sea");
  const transcript = page.getByRole("region", { name: "Text" });
  await expect(transcript.getByRole("heading", { level: 3 })).toHaveText("The old sea");
  await expect(transcript.locator("strong")).toHaveText("very");
  await expect(transcript.locator("em")).toHaveText("old");
  await expect(transcript.locator("ul > li")).toHaveText(["one boat", "two boats"]);
  await expect(transcript.locator("ol > li")).toHaveText("The third");
  await expect(transcript).not.toContainText("#");
  await expect(transcript).not.toContainText("*");
});
