import { expect, test } from "vitest";
import { countCharacters, splitText } from "./text-splitter";

test("a surrogate pair counts as one character, and so does half of one", () => {
  expect(countCharacters("a😀b")).toBe(3);
  expect(countCharacters("\ud83d")).toBe(1);
  expect(countCharacters("")).toBe(0);
});

test("a text that fits is not split", () => {
  expect(splitText("  One.\n\nTwo.  ", { maxChars: 10 })).toEqual(["One.\n\nTwo."]);
  expect(splitText("   ", { maxChars: 10 })).toEqual([]);
});

test("a longer text is split between paragraphs, else sentences, else words", () => {
  expect(splitText("First of all.\n\nSecond of it.\n\nThird.", { maxChars: 30 })).toEqual([
    "First of all.\n\nSecond of it.",
    "Third.",
  ]);
  expect(splitText("One two three. Four five six. Seven.", { maxChars: 20 })).toEqual([
    "One two three.",
    "Four five six.",
    "Seven.",
  ]);
  expect(splitText("alpha beta gamma delta", { maxChars: 12 })).toEqual(["alpha beta", "gamma delta"]);
});

test("no word is lost and no piece is too long", () => {
  const words = Array.from({ length: 4000 }, (_, n) => (n % 7 ? `word${n}` : `😀${n}.`));
  const text = words.join(" ");
  const pieces = splitText(text, { maxChars: 500 });
  expect(pieces.every((piece) => countCharacters(piece) <= 500)).toBe(true);
  expect(pieces.join(" ")).toBe(text);
});

test("surrogate pairs are not split", () => {
  expect(splitText("😀".repeat(25), { maxChars: 10 })).toEqual([
    "😀".repeat(10),
    "😀".repeat(10),
    "😀".repeat(5),
  ]);
});

test("the voice of one piece continues in the next", () => {
  const pieces = splitText("[voice:a_b] One two three four.\n\nFive six seven eight nine.", { maxChars: 40 });
  expect(pieces).toEqual(["[voice:a_b] One two three four.", "[voice:a_b] Five six seven eight nine."]);
});
