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

test("a running job can be searched as far as it is generated", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await studio.write(prose(60_000, "The stream"));
  await page.keyboard.press("Control+Enter");
  const player = page.getByRole("region", { name: "Player" });
  const slider = player.getByRole("slider", { name: "Position" });
  const generatedS = async (): Promise<number> => {
    const text = (await slider.getAttribute("aria-valuetext")) ?? "";
    const [, minutes = 0, seconds = 0] = /generated so far: (\d+):(\d+)$/.exec(text) ?? [];
    return 60 * Number(minutes) + Number(seconds);
  };
  await expect(player.getByText("Live")).toBeVisible({ timeout: 30_000 });
  await expect(player.getByTitle("Time left")).toHaveText(/^≈ −\d+:\d\d$/);
  await expect.poll(generatedS, { timeout: 30_000 }).toBeGreaterThan(60);
  await expect(player.locator(".player-generated")).toBeVisible();

  await page.keyboard.press("l");
  await expect.poll(() => studio.positionS()).toBeGreaterThan(15);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => studio.positionS()).toBeGreaterThan(20);
  await player.getByRole("button", { name: "Back 15 seconds" }).click();
  await expect.poll(() => studio.positionS()).toBeLessThan(15);
  await page.locator('[data-segment="12"]').first().click();
  await expect(page.locator('[data-segment="12"][aria-current=true]').first()).toBeVisible();

  // Paused, so that the position stands still.
  await player.getByRole("button", { name: "Pause" }).click();
  const longest = Number(await slider.getAttribute("max"));
  const before = await generatedS();
  await slider.fill(String(Math.floor(longest)));
  const reached = await studio.positionS();
  expect(reached).toBeGreaterThanOrEqual(before - 1);
  expect(reached).toBeLessThan(longest / 2);
  expect(Number(await slider.inputValue())).toBeCloseTo(reached, 0);

  const left = async (): Promise<number> => {
    const text = await player.getByTitle("Time left").innerText();
    const [, minutes = 0, seconds = 0] = /(\d+):(\d\d)$/.exec(text) ?? [];
    return 60 * Number(minutes) + Number(seconds);
  };
  const leftAtOnce = await left();
  await player.getByLabel("Playback speed").selectOption("2");
  await expect.poll(left).toBeLessThan(0.6 * leftAtOnce);
  await page.getByRole("main").focus();
  await page.keyboard.press("-");
  expect(await page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.volume)).toBeCloseTo(0.9, 5);
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(player).toBeHidden();
});
