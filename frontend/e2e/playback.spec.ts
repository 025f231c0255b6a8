import type { Page } from "@playwright/test";
import { expect, prose, SCREENS, test } from "./studio";

const isPaused = (page: Page): Promise<boolean> =>
  page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.paused);

test("each recording is continued where it was left, at its own speed", async ({ studio, page, service }) => {
  const [id, other] = [await service.synthesize(prose(900, "The long way")), await service.synthesize("Short.")];
  await studio.open(`#/listen/${id}`);
  await page.locator('[data-segment="4"]').first().click();
  await expect.poll(() => studio.positionS()).toBeGreaterThan(5);
  await page.getByLabel("Playback speed").selectOption("1.5");
  await page.getByRole("button", { name: "Pause" }).first().click();
  const left = await studio.positionS();
  await page.reload();
  await page.getByRole("button", { name: "Play", exact: true }).first().click();
  await expect.poll(() => studio.positionS()).toBeGreaterThanOrEqual(left - 0.2);
  await expect(page.getByLabel("Playback speed")).toHaveValue("1.5");
  await studio.open(`#/listen/${other}`);
  await page.getByRole("button", { name: "Play", exact: true }).first().click();
  await expect(page.getByLabel("Playback speed")).toHaveValue("1");
});

test("keys control the player on every screen, and ? lists them", async ({ studio, page, service }) => {
  const id = await service.synthesize(prose(900, "The key"), {});
  await studio.open(`#/listen/${id}`);
  await expect(page).toHaveTitle(/^The key stood by the window .* · OratioViva$/);
  await expect(page.locator(".wave-axis span").first()).toHaveText("0:00");
  await page.getByRole("main").focus();
  await page.keyboard.press("Space");
  await expect.poll(() => studio.positionS()).toBeGreaterThan(0);
  await expect(page.getByText("Playing: The key stood by the window")).toBeAttached();
  await page.keyboard.press("Space");
  await expect.poll(() => isPaused(page)).toBe(true);
  const start = await studio.positionS();
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => studio.positionS()).toBeCloseTo(start + 5, 1);
  await page.keyboard.press("l");
  await expect.poll(() => studio.positionS()).toBeCloseTo(start + 20, 1);
  await page.getByRole("button", { name: "Back 15 seconds" }).click();
  await expect.poll(() => studio.positionS()).toBeCloseTo(start + 5, 1);
  await page.getByRole("region", { name: "Player" }).getByRole("slider", { name: "Position" }).focus();
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => studio.positionS()).toBeCloseTo(start, 1);
  await page.getByRole("link", { name: "Library" }).first().click();
  await page.getByRole("main").focus();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toContainText("Back or forward 5 seconds");
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  // In a text field the keys are characters.
  await studio.open(SCREENS.write);
  await studio.write("A");
  await page.keyboard.press("End");
  await page.keyboard.type("? k");
  await expect(studio.editor).toHaveText("A? k");
});

test("one tab plays at a time", async ({ studio, page, service }) => {
  const id = await service.synthesize(prose(900, "Two tabs"));
  await studio.open(`#/listen/${id}`);
  await page.getByRole("button", { name: "Play", exact: true }).first().click();
  await expect.poll(() => isPaused(page)).toBe(false);
  const second = await page.context().newPage();
  await second.goto(`${service.app}#/listen/${id}`);
  await second.getByRole("button", { name: "Play", exact: true }).first().click();
  await expect.poll(() => isPaused(second)).toBe(false);
  await expect.poll(() => isPaused(page)).toBe(true);
  await second.close();
});

test("a running job has a seek bar and tells the time left", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write(prose(9000, "The stream"));
  await page.keyboard.press("Control+Enter");
  const player = page.getByRole("region", { name: "Player" });
  await expect(player.getByText("Live")).toBeVisible({ timeout: 30_000 });
  await expect(player.getByRole("slider", { name: "Position" })).toBeVisible();
  await expect(player.getByTitle("Time left")).toHaveText(/^≈ −\d+:\d\d$/);
  await page.getByRole("button", { name: "Cancel" }).click();
});
