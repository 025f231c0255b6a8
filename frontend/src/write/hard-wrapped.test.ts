import { describe, expect, it } from "vitest";
import { inspect, mend } from "./hard-wrapped";

const ALL = { joinLines: true, mendHyphens: true, dropPageNumbers: true };

const WRAPPED = `# The lighthouse

The lighthouse keeper owned two clocks. One told the hour, and the
other told the truth. On the evening that the ship came in, both of
them stopped, and he wound the first and left the second alone, in an ex-
traordinary and well-known silence. It was well-
known that he did not like to be asked about it.

- a first item that is long enough to be broken at the width of the
  page, with its end on the next line
- a second item

12

Rain came over the hills. They counted the steps of the tower, and

- 13 -

then they counted them again, and it was a very ordinary Tuesday on
the quay.`;

describe("a hard-wrapped text", () => {
  it("is recognized, with what it needs", () => {
    expect(inspect(WRAPPED)).toEqual({ brokenLines: 5, splitWords: 2, pageNumbers: 2 });
  });

  it("has its paragraphs joined, its words mended and its page numbers dropped", () => {
    expect(mend(WRAPPED, ALL)).toBe(`# The lighthouse

The lighthouse keeper owned two clocks. One told the hour, and the other told the truth. On the evening that the ship came in, both of them stopped, and he wound the first and left the second alone, in an extraordinary and well-known silence. It was well-known that he did not like to be asked about it.

- a first item that is long enough to be broken at the width of the page, with its end on the next line
- a second item

Rain came over the hills. They counted the steps of the tower, and then they counted them again, and it was a very ordinary Tuesday on the quay.`);
  });

  it("is changed only as chosen", () => {
    const none = { joinLines: false, mendHyphens: false, dropPageNumbers: false };
    expect(mend(WRAPPED, none)).toBe(WRAPPED);
    expect(mend(WRAPPED, { ...none, mendHyphens: true })).toContain("in an extraordinary\nand well-known");
    expect(mend(WRAPPED, { ...none, joinLines: true })).toContain("in an ex-traordinary and");
    expect(mend(WRAPPED, { ...none, dropPageNumbers: true })).not.toMatch(/^12$/m);
  });
});

it.each([
  ["", "an empty text"],
  ["One line.\nAnother one.\n\nA third.", "short lines"],
  [
    "Shall I compare thee to a summer’s day?\nThou art more lovely\nAnd more temperate:\nRough winds do shake\nThe darling buds\nOf May.",
    "verse",
  ],
  [`${"A paragraph in one long line. ".repeat(20)}\n`.repeat(6), "long lines"],
  ["In 1984\n42\nwas the answer.", "one number"],
])("needs no mending: %j", (text) => {
  expect(inspect(text)).toBeNull();
});
