import { expect, SCREENS, test } from "./studio";

const WRAPPED = [
  "The lighthouse keeper owned two clocks. One told the hour, and the",
  "other told the truth. On the evening that the ship came in, both of",
  "them stopped, and he wound the first and left the second alone, in ex-",
  "traordinary silence, and nobody asked him about it for the whole of a",
  "week, which was a very ordinary week, by all accounts of the village.",
  "",
  "12",
  "",
  "Rain came over the hills. They counted the steps of the tower, and",
  "",
  "13",
  "",
  "then they counted them again.",
].join("\n");

test("tabs do not overwrite each other's draft", async ({ studio, page, service }) => {
  await studio.open(SCREENS.write);
  await studio.write("The draft of the first tab.");
  await page.waitForTimeout(1200);
  const second = await page.context().newPage();
  await second.goto(service.app);
  const editor = second.getByRole("textbox", { name: "Text to speak" });
  await expect(editor).not.toContainText("The draft of the first tab.");
  await editor.click();
  await second.keyboard.type("The second draft.");
  await second.waitForTimeout(1200);
  await page.reload();
  await expect(studio.editor).toHaveText("The draft of the first tab.");
  await second.reload();
  await expect(editor).toHaveText("The second draft.");
  // The draft of a closed tab is continued by the next one.
  await second.close({ runBeforeUnload: true });
  await expect.poll(() => page.context().pages().length).toBe(1);
  const third = await page.context().newPage();
  await third.goto(service.app);
  await expect(third.getByRole("textbox", { name: "Text to speak" })).toHaveText("The second draft.");
  await third.close();
});

test("Edit keeps the pronunciations, the language and the seed", async ({ studio, page, service }) => {
  const id = await service.synthesize("Hello Nguyen.", {
    lexicon: { Nguyen: "win" },
    language: "en",
    seed: 42,
    speed: 1.25,
  });
  await studio.open(`#/listen/${id}`);
  await page.getByRole("button", { name: "Edit text" }).click();
  await expect(studio.editor).toHaveText("Hello Nguyen.");
  await expect(page.getByRole("list", { name: "Pronunciations" })).toContainText("Nguyen → win");
  await page.getByText("More options").click();
  await expect(page.getByLabel("Seed")).toHaveValue("42");
  await expect(page.getByRole("region", { name: "Speech settings" }).getByLabel("Language")).toHaveValue("en");
});

test("a hard-wrapped file is mended after a preview, and undone", async ({ studio, page }) => {
  await studio.open(SCREENS.write);
  await page.locator("input[type=file]").setInputFiles({
    name: "book.txt",
    mimeType: "text/plain",
    buffer: Buffer.from(WRAPPED),
  });
  const dialog = page.getByRole("dialog", { name: "Mend broken lines?" });
  await expect(dialog.getByRole("region", { name: "Preview" })).toContainText("in extraordinary silence");
  await dialog.getByRole("checkbox", { name: /^Remove page numbers/ }).uncheck();
  await expect(dialog.getByRole("region", { name: "Preview" })).toContainText("12");
  await dialog.getByRole("checkbox", { name: /^Remove page numbers/ }).check();
  await dialog.getByRole("button", { name: "Mend the text" }).click();
  await expect(studio.editor).toContainText("steps of the tower, and then they counted");
  await expect(studio.editor.locator(".cm-line")).toHaveCount(3);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await expect(studio.editor).toContainText("13");
  await expect(studio.editor.locator(".cm-line")).toHaveCount(13);
});
