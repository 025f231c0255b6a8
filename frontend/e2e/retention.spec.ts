import { expect, SCREENS, test } from "./studio";

test.beforeEach(async ({ service }) => {
  const { items } = await service.get<{ items: { job_id: string }[] }>("/history?limit=500");
  for (const { job_id } of items) await fetch(`${service.url}/history/${job_id}`, { method: "DELETE" });
});

test("the library says how long recordings are kept, and warns before it deletes some", async ({
  studio,
  page,
  service,
}) => {
  const id = await service.synthesize("The old letter.");
  await studio.open(SCREENS.library);
  const heading = page.locator(".retention");
  await expect(heading).toContainText("1 recording. Recordings are deleted after 48 hrs");
  await expect(heading.getByRole("status")).toHaveCount(0);
  await service.age(id, 40);
  await page.reload();
  await expect(heading.getByRole("status")).toContainText("1 recording will be deleted within a day");
  await expect(page.getByRole("row").getByText("8 hrs left")).toBeVisible();
});

test("a kept recording is not deleted, in the library and on its own screen", async ({
  studio,
  page,
  service,
}) => {
  const id = await service.synthesize("A letter to keep.");
  await service.age(id, 60);
  await studio.open(SCREENS.library);
  await page.getByRole("button", { name: "More actions for “A letter to keep.”" }).click();
  await page.getByRole("button", { name: "Keep", exact: true }).click();
  await expect(page.getByText("The recording is kept.")).toBeVisible();
  await expect(page.getByRole("row").filter({ hasText: "A letter to keep." })).toContainText("Kept");
  await expect(page.locator(".retention")).toContainText("1 kept");
  await fetch(`${service.url}/maintenance/cleanup`, { method: "POST" });
  expect((await service.get<{ kept: boolean }>(`/history/${id}`)).kept).toBe(true);

  await page.getByRole("link", { name: "A letter to keep." }).click();
  await expect(page.getByRole("complementary", { name: "Details" })).toContainText("Kept untilKept");
  await page.getByRole("button", { name: "Stop keeping" }).click();
  await expect(page.getByRole("button", { name: "Keep", exact: true })).toBeVisible();
  expect((await service.get<{ kept: boolean }>(`/history/${id}`)).kept).toBe(false);
});
