import { expect, SCREENS, test } from "./studio";

test("workers and queues are listed", async ({ studio, page, service }) => {
  await studio.open(SCREENS.system);
  const { workers } = await service.get<{ workers: { pid: number; alive: boolean }[] }>("/workers");
  const alive = workers.filter((worker) => worker.alive);
  expect(alive.length).toBeGreaterThan(0);
  for (const worker of alive)
    await expect(page.getByText(new RegExp(`(· |process )${worker.pid}\\b`)).first()).toBeVisible();
  await expect(page.getByRole("table").first()).toContainText("Hibari");
});

test("a bookmark of an earlier release opens the models tab", async ({ studio, page }) => {
  await studio.open("#/farm?part=models");
  await expect(page.getByRole("tab", { name: "Models" })).toHaveAttribute("aria-selected", "true");
  await expect(page).toHaveURL(/#\/system\?tab=models$/);
});

test("arrow keys switch to the models tab", async ({ studio, page }) => {
  await studio.open(SCREENS.system);
  await page.getByRole("tab", { name: "Workers" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Models" })).toHaveAttribute("aria-selected", "true");
  await expect(page).toHaveURL(/tab=models/);
  for (const name of ["hibari", "Kokoro", "Bark", "Parler"]) {
    await expect(page.getByRole("heading", { name: new RegExp(name, "i") }).first()).toBeVisible();
  }
});

test("a failed download shows the reason", async ({ studio, page }) => {
  await studio.open(SCREENS.models);
  await page
    .getByRole("button", { name: /^Download Kokoro/i })
    .first()
    .click();
  await page
    .getByRole("dialog")
    .getByRole("button", { name: /^Download/ })
    .click();
  await expect(
    page.getByText("Hugging Face could not be reached, or refused the download.").first(),
  ).toBeVisible({ timeout: 60_000 });
});

test("statistics are shown as charts and as tables", async ({ studio, page, service }) => {
  for (const text of ["A first recording.", "A second recording."]) await service.synthesize(text);
  await studio.open(SCREENS.statistics);
  await expect(page.locator("canvas").first()).toBeVisible();
  const { window } = await service.get<{ window: { completed: number } }>("/analytics?hours=24");
  await expect(page.getByText(new RegExp(`${window.completed} completed`)).first()).toBeVisible();
  await page.getByText("Show as table").first().click();
  await expect(page.getByRole("table").first()).toBeVisible();
});

test("nothing scrolls up and down in the row of tabs", async ({ studio, page }) => {
  await page.setViewportSize({ width: 1280, height: 900 });
  await studio.open(SCREENS.system);
  const row = page.getByRole("tablist");
  await expect(row).toBeVisible();
  expect(await row.evaluate((tabs) => tabs.scrollHeight - tabs.clientHeight)).toBe(0);
});
