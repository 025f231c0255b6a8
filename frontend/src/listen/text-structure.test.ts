import { describe, expect, it } from "vitest";
import { findMarks, splitBlocks, splitPieces } from "./text-structure";

const blocksOf = (text: string) =>
  splitBlocks(text).map(({ kind, level, start, end }) => [kind, level, text.slice(start, end)]);

const piecesOf = (text: string) =>
  splitPieces(text, 0, text.length, findMarks(text, { start: 0, end: text.length })).map((piece) => [
    piece.text,
    ...piece.styles,
  ]);

describe("splitBlocks", () => {
  it("finds headings, paragraphs, lists, quotations and rules", () => {
    const text = `# The sea #

It was
calm.
- one
  and more
* two
3. three

> quoted
> twice
***
Below
-----
End`;
    expect(blocksOf(text)).toEqual([
      ["heading", 1, "The sea"],
      ["text", 0, "It was\ncalm."],
      ["bullet", 0, "one\n  and more"],
      ["bullet", 0, "two"],
      ["numbered", 3, "three"],
      ["quote", 0, "quoted\n> twice"],
      ["rule", 0, ""],
      ["heading", 2, "Below"],
      ["text", 0, "End"],
    ]);
  });

  it("does not take words for marks", () => {
    expect(blocksOf("#hashtag\n\n-dash\n\n1984 was\n\n2.5 metres")).toEqual([
      ["text", 0, "#hashtag"],
      ["text", 0, "-dash"],
      ["text", 0, "1984 was"],
      ["text", 0, "2.5 metres"],
    ]);
  });

  it("divides a long paragraph at a line", () => {
    const text = "A line of some words.\n".repeat(500);
    expect(splitBlocks(text).length).toBeGreaterThan(2);
    expect(splitBlocks(text).every((block) => block.end - block.start <= 3000)).toBe(true);
  });
});

describe("splitPieces", () => {
  it("hides marks and styles what they enclose", () => {
    expect(piecesOf("A **very *old* man** and `code`, see [Nguyen](/wɪn/).")).toEqual([
      ["A "],
      ["very ", "strong"],
      ["old", "strong", "em"],
      [" man", "strong"],
      [" and "],
      ["code", "code"],
      [", see "],
      ["Nguyen"],
      ["."],
    ]);
  });

  it("keeps other stars and underscores", () => {
    for (const text of ["2 * 3 * 4", "snake_case_name", "a*b*c", "** not **", "[pause:1s] [sic]"])
      expect(piecesOf(text)).toEqual([[text]]);
  });

  it("cuts a style at the edges of a run", () => {
    const text = "one **two. three** four";
    const marks = findMarks(text, { start: 0, end: text.length });
    expect(splitPieces(text, 0, 10, marks).map((piece) => piece.text)).toEqual(["one ", "two."]);
    expect(splitPieces(text, 11, text.length, marks)).toEqual([
      { text: "three", styles: ["strong"] },
      { text: " four", styles: [] },
    ]);
  });
});
