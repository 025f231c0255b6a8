import { expect, SCREENS, test } from "./studio";

test("a voice that cannot be spoken asks before it beeps", async ({ studio, page, service }) => {
  const count = async () => (await service.get<{ items: unknown[] }>("/jobs")).items.length;
  await studio.open(SCREENS.write);
  await studio.write("Hello. [voice:af_heart] And this would be a beep.");
  await page.waitForResponse(/\/estimate/);
  await page.keyboard.press("Control+Enter");
  const question = page.getByRole("dialog", { name: "This voice is not available yet" });
  await expect(question).toContainText("Kokoro");
  const before = await count();
  await question.getByRole("button", { name: "Back to the text" }).click();
  await expect(question).toBeHidden();
  expect(await count()).toBe(before);
  await page.keyboard.press("Control+Enter");
  await question.getByRole("button", { name: "Generate with a beep" }).click();
  await expect(page.getByRole("list", { name: "Warnings" })).toContainText(/af_heart: .*only a beep/, {
    timeout: 30_000,
  });
});

test("the picker shows usable voices first, and others by model with one download each", async ({
  studio,
  page,
}) => {
  await studio.open(SCREENS.write);
  await page.getByRole("button", { name: /^Voice / }).click();
  const picker = page.getByRole("dialog", { name: "Choose a voice" });
  const usable = picker.getByRole("list", { name: "Available voices" });
  await expect(usable.getByRole("button", { name: /Hibari/ }).first()).toBeVisible();
  const kokoro = picker.getByRole("region", { name: /Kokoro/ });
  await expect(kokoro.getByRole("button", { name: /^Download/ })).toHaveCount(1);
  const parler = picker.getByRole("region", { name: /Parler/ });
  await expect(parler.getByRole("button", { name: /^Download/ })).toHaveCount(1);
  // Its weights alone are not enough.
  await expect(parler).toContainText(/make setup-parler|GPU/);
  const usableBox = await usable.boundingBox();
  const otherBox = await kokoro.boundingBox();
  expect(otherBox?.y ?? 0).toBeGreaterThan(usableBox?.y ?? 0);
  await kokoro.getByRole("button", { name: /^Download/ }).click();
  await expect(page.getByRole("dialog", { name: /^Download Kokoro/ })).toContainText("Licence");
});

test("the picker downloads small voices without a question", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await page.getByRole("button", { name: /^Voice / }).click();
  const picker = page.getByRole("dialog", { name: "Choose a voice" });
  const hibari = picker.getByRole("region", { name: /Hibari/ });
  const request = page.waitForRequest(/\/models\/download$/);
  await hibari.getByRole("button", { name: /^Download/ }).click();
  expect((await request).postDataJSON()).toEqual({ models: ["hibari"] });
  await expect(page.getByRole("dialog", { name: /^Download/ })).toHaveCount(0);
});

test("the studio warns beside the voice when the text is in another language", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  const settings = page.getByRole("region", { name: "Speech settings" });
  await studio.write("The lamp stood by the window, and nobody had lit it for a week.");
  await page.waitForResponse(/\/estimate/);
  await expect(settings).not.toContainText("The text looks like");
  await studio.write("La lampe était près de la fenêtre, et personne ne l’avait allumée depuis une semaine.");
  await expect(settings).toContainText("The text looks like French, but this voice speaks English.");
  await settings.getByRole("button", { name: "Find a voice: French" }).click();
  await expect(page.getByRole("dialog").getByRole("combobox", { name: "Language" })).toHaveValue("fr");
});
