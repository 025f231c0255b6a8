import { readFile } from "node:fs/promises";
import { expect, test } from "./studio";

const TEXTS = [
  "The harbour lay still under a pewter sky.",
  "Nobody had seen the ferryman since Tuesday.",
  "Eleven lanterns hung along the quay.",
];

test.beforeEach(async ({ service }) => {
  const { items } = await service.get<{ items: { job_id: string }[] }>("/history?limit=500");
  for (const { job_id } of items) await fetch(`${service.url}/history/${job_id}`, { method: "DELETE" });
  for (const text of TEXTS) await service.speak(text);
});

const left = async (service: { get: <T>(path: string) => Promise<T> }): Promise<string[]> =>
  (await service.get<{ items: { text: string }[] }>("/history")).items.map((one) => one.text);

test("a recording is found by a word, and the search is in the address", async ({ studio, page }) => {
  await studio.open("#/library");
  await expect(page.getByRole("link", { name: TEXTS[0] as string })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("FERRY");
  await expect(page.getByRole("link", { name: TEXTS[0] as string })).toHaveCount(0);
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toBeVisible();
  await expect(page).toHaveURL(/q=FERRY/);
  await page.reload();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toBeVisible();
  await page.getByRole("searchbox").fill("zebra");
  await expect(page.getByText("No recordings found")).toBeVisible();
  await page.getByRole("button", { name: "Clear all" }).first().click();
  await expect(page.getByRole("link", { name: TEXTS[2] as string })).toBeVisible();
});

test("a title is changed, found by its new words, and told by the service", async ({ studio, page, service }) => {
  await studio.open("#/library");
  await page.getByRole("link", { name: TEXTS[0] as string }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("Title").fill("Chapter <b>one</b> ‮of “it”");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Chapter <b>one</b> ‮of “it”");
  const { items } = await service.get<{ items: { title: string }[] }>("/history?q=chapter");
  expect(items.map((one) => one.title)).toEqual(["Chapter <b>one</b> ‮of “it”"]);
});

test("deleting can be undone for eight seconds, and is done after them", async ({ studio, page, service }) => {
  await studio.open("#/library");
  await page.getByRole("link", { name: TEXTS[1] as string }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Recording deleted", { exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toHaveCount(0);
  expect(await left(service)).toHaveLength(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toBeVisible();
  await page.waitForTimeout(9000);
  expect(await left(service)).toHaveLength(3);

  await page.getByRole("link", { name: TEXTS[1] as string }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  // A reload meanwhile neither hurries it nor forgets it.
  await page.reload();
  await expect(page.getByRole("link", { name: TEXTS[0] as string })).toBeVisible();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toHaveCount(0);
  expect(await left(service)).toHaveLength(3);
  await expect.poll(() => left(service), { timeout: 12_000 }).toHaveLength(2);
  expect(await left(service)).not.toContain(TEXTS[1]);
});

test("several are chosen by keys and taken along as one ZIP", async ({ studio, page }) => {
  await studio.open("#/library");
  await expect(page.getByRole("link", { name: TEXTS[0] as string })).toBeVisible();
  await page.getByRole("checkbox", { name: `Select “${TEXTS[0]}”` }).check();
  await page.getByRole("checkbox", { name: `Select “${TEXTS[2]}”` }).check();
  await expect(page.getByText("2 selected")).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as ZIP" }).click();
  const zip = await readFile(await (await download).path());
  expect(zip.subarray(0, 2).toString()).toBe("PK");
  expect(zip.toString("latin1")).toContain("manifest.json");
  expect(zip.toString("latin1").match(/PK\x01\x02/g)).toHaveLength(3);
});

test("a recording is taken along in another format, and as subtitles", async ({ studio, page }) => {
  await studio.open("#/library");
  await page.getByRole("link", { name: TEXTS[2] as string }).click();
  const first = page.waitForEvent("download");
  await page.getByRole("button", { name: /Download/ }).click();
  await page.getByRole("button", { name: /^FLAC/ }).click();
  const flac = await readFile(await (await first).path());
  expect(flac.subarray(0, 4).toString()).toBe("fLaC");
  const second = page.waitForEvent("download");
  await page.getByRole("button", { name: /Download/ }).click();
  await page.getByRole("button", { name: /VTT/ }).click();
  const vtt = await readFile(await (await second).path(), "utf8");
  expect(vtt).toContain("WEBVTT");
  expect(vtt.replace(/\s+/g, " ")).toContain("Eleven lanterns");
});
