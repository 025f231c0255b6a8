import { readFile } from "node:fs/promises";
import { expect, SCREENS, test } from "./studio";

const TEXTS = [
  "The harbour lay still under a pewter sky.",
  "Nobody had seen the ferryman since Tuesday.",
  "Eleven lanterns hung along the quay.",
];

test.beforeEach(async ({ service }) => {
  const { items } = await service.get<{ items: { job_id: string }[] }>("/history?limit=500");
  for (const { job_id } of items) await fetch(`${service.url}/history/${job_id}`, { method: "DELETE" });
  for (const text of TEXTS) await service.synthesize(text);
});

const remainingTexts = async (service: { get: <T>(path: string) => Promise<T> }): Promise<string[]> =>
  (await service.get<{ items: { text: string }[] }>("/history")).items.map((recording) => recording.text);

test("a search finds a recording and is kept in the address", async ({ studio, page }) => {
  await studio.open(SCREENS.library);
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

test("a renamed recording has the new title and is found by it", async ({ studio, page, service }) => {
  await studio.open(SCREENS.library);
  await page.getByRole("link", { name: TEXTS[0] as string }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("Title").fill("Chapter <b>one</b> ‮of “it”");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Chapter <b>one</b> ‮of “it”");
  const { items } = await service.get<{ items: { title: string }[] }>("/history?q=chapter");
  expect(items.map((recording) => recording.title)).toEqual(["Chapter <b>one</b> ‮of “it”"]);
});

test("a deletion can be undone for eight seconds, then it is final", async ({ studio, page, service }) => {
  await studio.open(SCREENS.library);
  await page.getByRole("link", { name: TEXTS[1] as string }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("Recording deleted", { exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toHaveCount(0);
  expect(await remainingTexts(service)).toHaveLength(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toBeVisible();
  await page.waitForTimeout(9000);
  expect(await remainingTexts(service)).toHaveLength(3);

  await page.getByRole("link", { name: TEXTS[1] as string }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  // A reload neither speeds up nor cancels the deletion.
  await page.reload();
  await expect(page.getByRole("link", { name: TEXTS[0] as string })).toBeVisible();
  await expect(page.getByRole("link", { name: TEXTS[1] as string })).toHaveCount(0);
  expect(await remainingTexts(service)).toHaveLength(3);
  await expect.poll(() => remainingTexts(service), { timeout: 12_000 }).toHaveLength(2);
  expect(await remainingTexts(service)).not.toContain(TEXTS[1]);
});

test("selected recordings are exported as one ZIP", async ({ studio, page }) => {
  await studio.open(SCREENS.library);
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

test("a recording can be downloaded in another format and as subtitles", async ({ studio, page }) => {
  await studio.open(SCREENS.library);
  await page.getByRole("link", { name: TEXTS[2] as string }).click();
  // The exact name: while the library is still shown, each of its rows has a button `Download “title”`.
  const button = page.getByRole("button", { name: "Download", exact: true });
  const menu = page.getByRole("group", { name: "Download as" });
  const first = page.waitForEvent("download");
  await button.click();
  await menu.getByRole("button", { name: /^FLAC/ }).click();
  const flac = await readFile(await (await first).path());
  expect(flac.subarray(0, 4).toString()).toBe("fLaC");
  const second = page.waitForEvent("download");
  await button.click();
  await menu.getByRole("button", { name: /VTT/ }).click();
  const vtt = await readFile(await (await second).path(), "utf8");
  expect(vtt).toContain("WEBVTT");
  expect(vtt.replace(/\s+/g, " ")).toContain("Eleven lanterns");
});

test("totals are shown, and a first day after the last one is explained", async ({ studio, page }) => {
  await studio.open(SCREENS.library);
  const header = page.locator(".recordings-header");
  await expect(header).toContainText(/3 recordings · .*\d\ss · \d+\skB/);
  await page.getByRole("checkbox", { name: `Select “${TEXTS[0]}”` }).check();
  await page.getByRole("checkbox", { name: `Select “${TEXTS[2]}”` }).check();
  await expect(header).toContainText(/2 selected · .*\d\ss · \d+\skB/);
  await studio.open("#/library?from=2026-05-03&to=2026-05-01");
  await expect(page.getByRole("alert")).toContainText("“From” is after “To”");
  await page.getByRole("button", { name: "Swap the days" }).click();
  await expect(page).toHaveURL(/from=2026-05-01&to=2026-05-03/);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a recording that is only a beep says so in its row", async ({ studio, page, service }) => {
  await service.synthesize("No worker has this voice.", { voice_id: "af_heart" });
  await studio.open(SCREENS.library);
  await expect(page.getByRole("row", { name: "No worker has this voice." })).toContainText("Only a beep");
  await expect(page.getByRole("row", { name: TEXTS[0] as string })).not.toContainText("Only a beep");
});
