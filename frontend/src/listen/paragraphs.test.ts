import { expect, test } from "vitest";
import { paragraphs } from "./paragraphs";

const cue = (start: number, end: number) => ({ startS: 0, endS: 1, start, end });
const shown = (text: string, cues: ReturnType<typeof cue>[]) =>
  paragraphs(text, cues).map(({ runs }) => runs.map((run) => [text.slice(run.start, run.end), run.cue]));

test("without cues a paragraph is one run, and blank lines are none", () => {
  expect(shown("One.\n\n  \nTwo.", [])).toEqual([[["One.", null]], [["Two.", null]]]);
});

test("passages and what stands between them", () => {
  expect(shown("Hi there. [pause:1s] Bye.", [cue(0, 9), cue(21, 25)])).toEqual([
    [
      ["Hi there.", 0],
      [" [pause:1s] ", null],
      ["Bye.", 1],
    ],
  ]);
});

test("a passage over two paragraphs stands in both; text that was not spoken yet stays", () => {
  expect(shown("ab\ncd ef", [cue(0, 5)])).toEqual([
    [["ab", 0]],
    [
      ["cd", 0],
      [" ef", null],
    ],
  ]);
});

test("every character of every line is shown once", () => {
  const text = Array.from({ length: 300 }, (_, n) => `Sentence ${n}.${n % 5 ? " " : "\n"}`).join("");
  const cues = [...text.matchAll(/Sentence \d+\./g)].map((match) => cue(match.index, match.index + match[0].length));
  const joined = paragraphs(text, cues).flatMap(({ runs }) => runs.map((run) => text.slice(run.start, run.end)));
  expect(joined.join("")).toBe(text.replaceAll("\n", ""));
});
