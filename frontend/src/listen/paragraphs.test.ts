import { expect, test } from "vitest";
import { splitParagraphs } from "./paragraphs";

const segment = (start: number, end: number) => ({ startS: 0, endS: 1, start, end });
const runsOf = (text: string, segments: ReturnType<typeof segment>[]) =>
  splitParagraphs(text, segments).map(({ runs }) =>
    runs.map((run) => [text.slice(run.start, run.end), run.segment]),
  );

test("without segments a paragraph is one run, and blank lines are skipped", () => {
  expect(runsOf("One.\n\n  \nTwo.", [])).toEqual([[["One.", null]], [["Two.", null]]]);
});

test("segments and the text between them are separate runs", () => {
  expect(runsOf("Hi there. [pause:1s] Bye.", [segment(0, 9), segment(21, 25)])).toEqual([
    [
      ["Hi there.", 0],
      [" [pause:1s] ", null],
      ["Bye.", 1],
    ],
  ]);
});

test("a segment in two paragraphs has a run in each, and text without a segment is kept", () => {
  expect(runsOf("ab\n\ncd ef", [segment(0, 6)])).toEqual([
    [["ab", 0]],
    [
      ["cd", 0],
      [" ef", null],
    ],
  ]);
});

test("every character of every paragraph is in exactly one run", () => {
  const text = Array.from({ length: 300 }, (_, n) => `Sentence ${n}.${n % 5 ? " " : "\n\n"}`).join("");
  const segments = [...text.matchAll(/Sentence \d+\./g)].map((match) =>
    segment(match.index, match.index + match[0].length),
  );
  const joined = splitParagraphs(text, segments).flatMap(({ runs }) =>
    runs.map((run) => text.slice(run.start, run.end)),
  );
  expect(joined.join("")).toBe(text.replaceAll("\n", ""));
});
