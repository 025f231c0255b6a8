import { expect, test } from "vitest";
import { Characters, cueAt, readCues } from "./segments";

test("characters are counted as the service counts them", () => {
  const text = "a😀b😀c";
  const characters = new Characters(text);
  expect([0, 1, 2, 3, 4, 5].map((n) => characters.unit(n))).toEqual([0, 1, 3, 4, 6, 7]);
  const [cue] = readCues([[0, 1, 2, 5]], characters);
  expect(text.slice(cue?.start, cue?.end)).toBe("b😀c");
});

test("half of a pair is a character of its own", () => {
  expect(new Characters("\ud83dab").unit(2)).toBe(2);
});

test("which passage is heard at a moment", () => {
  const cues = readCues([[0.5, 1, 0, 2], [1.5, 2, 3, 5]], new Characters("ab cd"));
  expect([0, 0.5, 1.2, 1.5, 99].map((at) => cueAt(cues, at))).toEqual([-1, 0, 0, 1, 1]);
  expect(cueAt([], 3)).toBe(-1);
});
