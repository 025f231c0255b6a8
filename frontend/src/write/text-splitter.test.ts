import { expect, test } from "vitest";
import { characters, parts } from "./text-splitter";

test("a pair of surrogates is one character, half of one is one too", () => {
  expect(characters("a😀b")).toBe(3);
  expect(characters("\ud83d")).toBe(1);
  expect(characters("")).toBe(0);
});

test("a text that fits stays whole", () => {
  expect(parts("  One.\n\nTwo.  ", { max: 10 })).toEqual(["One.\n\nTwo."]);
  expect(parts("   ", { max: 10 })).toEqual([]);
});

test("a longer one is cut between paragraphs, else sentences, else words", () => {
  expect(parts("First of all.\n\nSecond of it.\n\nThird.", { max: 30 })).toEqual(["First of all.\n\nSecond of it.", "Third."]);
  expect(parts("One two three. Four five six. Seven.", { max: 20 })).toEqual(["One two three.", "Four five six.", "Seven."]);
  expect(parts("alpha beta gamma delta", { max: 12 })).toEqual(["alpha beta", "gamma delta"]);
});

test("nothing is lost, nothing is longer than it may be", () => {
  const words = Array.from({ length: 4000 }, (_, n) => (n % 7 ? `word${n}` : `😀${n}.`));
  const text = words.join(" ");
  const cut = parts(text, { max: 500 });
  expect(cut.every((part) => characters(part) <= 500)).toBe(true);
  expect(cut.join(" ")).toBe(text);
});

test("no character is torn in two", () => {
  expect(parts("😀".repeat(25), { max: 10 })).toEqual(["😀".repeat(10), "😀".repeat(10), "😀".repeat(5)]);
});

test("who speaks at the end of a part goes on in the next", () => {
  const cut = parts("[voice:a_b] One two three four.\n\nFive six seven eight nine.", { max: 40 });
  expect(cut).toEqual(["[voice:a_b] One two three four.", "[voice:a_b] Five six seven eight nine."]);
});
