import { expect, test } from "vitest";
import { CharacterOffsets, parseSegments, segmentIndexAt } from "./segments";

test("positions in code points become positions in UTF-16 units", () => {
  const text = "a😀b😀c";
  const offsets = new CharacterOffsets(text);
  expect([0, 1, 2, 3, 4, 5].map((n) => offsets.toUtf16(n))).toEqual([0, 1, 3, 4, 6, 7]);
  const [segment] = parseSegments([[0, 1, 2, 5]], offsets);
  expect(text.slice(segment?.start, segment?.end)).toBe("b😀c");
});

test("half of a surrogate pair counts as one character", () => {
  expect(new CharacterOffsets("\ud83dab").toUtf16(2)).toBe(2);
});

test("the segment at a position is the last one that has begun", () => {
  const segments = parseSegments(
    [
      [0.5, 1, 0, 2],
      [1.5, 2, 3, 5],
    ],
    new CharacterOffsets("ab cd"),
  );
  expect([0, 0.5, 1.2, 1.5, 99].map((positionS) => segmentIndexAt(segments, positionS))).toEqual([
    -1, 0, 0, 1, 1,
  ]);
  expect(segmentIndexAt([], 3)).toBe(-1);
});
