import { expect, prose, type Studio, test } from "./studio";
import type { Service } from "./service";

interface Job {
  status: string;
  attempts: number;
  progress: { segments_done: number; segments_total: number | null };
}

async function begin(studio: Studio, text: string): Promise<string> {
  await studio.open("");
  await studio.write(text);
  await studio.page.getByRole("button", { name: /^Generate/ }).click();
  return studio.jobId();
}

const job = (service: Service, id: string): Promise<Job> => service.get<Job>(`/jobs/${id}`);

async function isUnderWay(service: Service, id: string): Promise<void> {
  await expect.poll(async () => (await job(service, id)).progress.segments_done, { timeout: 30_000 }).toBeGreaterThan(2);
}

test("progress outlives a reload, with what was spoken before it", async ({ studio, page, service }) => {
  const id = await begin(studio, prose(9000, "The reload"));
  await isUnderWay(service, id);
  await page.reload();
  await expect(page.locator(".passage").nth(2)).toBeVisible();
  const seen = await page.locator(".passage").count();
  expect((await job(service, id)).status).toBe("running");
  await expect.poll(() => page.locator(".passage").count(), { timeout: 30_000 }).toBeGreaterThan(seen);
  // Sound again, by a press: it begins where the recording begins.
  await page.getByRole("button", { name: "Play" }).first().click();
  await expect.poll(() => studio.heardS()).toBeGreaterThan(0.5);
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
});

test("a lost connection is said, and made up for", async ({ studio, page, service }) => {
  const id = await begin(studio, prose(9000, "The line"));
  await isUnderWay(service, id);
  await service.killGateway();
  await expect(page.getByText("Connection lost.")).toBeVisible();
  await expect(page.getByText("Connection lost.")).toBeHidden({ timeout: 30_000 });
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
  expect((await job(service, id)).status).toBe("completed");
});

test("it is cancelled, and tried again", async ({ studio, page, service }) => {
  const id = await begin(studio, prose(9000, "The change of mind"));
  await isUnderWay(service, id);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("This recording was cancelled.")).toBeVisible();
  expect((await job(service, id)).status).toBe("cancelled");
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(page.locator(".wave")).toBeVisible({ timeout: 80_000 });
  expect((await job(service, id)).status).toBe("completed");
});

test("a worker that is killed meanwhile costs time, and nothing else", async ({ studio, page, service }) => {
  const id = await begin(studio, prose(6000, "The accident"));
  await isUnderWay(service, id);
  const { workers } = await service.get<{ workers: { pid: number; alive: boolean; holding: { job_id: string }[] }[] }>("/workers");
  const holder = workers.find((worker) => worker.alive && worker.holding.some((held) => held.job_id === id));
  expect(holder).toBeDefined();
  process.kill(holder?.pid ?? 0, "SIGKILL");
  await expect(page.locator(".wave")).toBeVisible({ timeout: 85_000 });
  await expect(page.locator(".unspoken")).toHaveCount(0);
  const after = await job(service, id);
  expect([after.status, after.attempts]).toEqual(["completed", 2]);
});

test("passages, the waveform and the captions lead to the same moments", async ({ studio, page, service }) => {
  const id = await service.speak(prose(1200, "The index"));
  await studio.open(`#/listen/${id}`);
  const { segments } = await service.get<{ segments: { start_s: number; end_s: number; text: string }[] }>(`/jobs/${id}/captions.json`);
  const fourth = segments[3];
  await page.locator('[data-cue="3"]').first().click();
  await expect.poll(() => studio.heardS()).toBeGreaterThanOrEqual((fourth?.start_s ?? 0) - 0.05);
  await expect(page.locator(".passage[aria-current=true]").first()).toHaveText(fourth?.text.trim() ?? "");
  await page.locator('[data-cue="3"]').first().focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect.poll(() => studio.heardS()).toBeGreaterThanOrEqual((segments[4]?.start_s ?? 0) - 0.05);
});

test("what is gone says so", async ({ studio, page, service }) => {
  const id = await service.speak("Soon gone.");
  await fetch(`${service.url}/history/${id}`, { method: "DELETE" });
  await studio.open(`#/listen/${id}`);
  await expect(page.getByText("Recording not found")).toBeVisible();
  await page.getByRole("button", { name: "Go to library" }).click();
  await expect(page).toHaveURL(/#\/library/);
});
