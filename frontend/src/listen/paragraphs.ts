/** Splits a text into blocks, and each block into runs: segments and the text between them. */

import type { Segment } from "./segments";
import { type Block, findMarks, type Mark, splitBlocks } from "./text-structure";

export interface TextRun {
  start: number;
  end: number;
  /** The index of the segment; null between segments. A segment in two blocks has a run in each. */
  segment: number | null;
}

export interface Paragraph extends Block {
  runs: TextRun[];
  marks: readonly Mark[];
}

/** Blank lines have no paragraph. The segments must be in the order of the text. */
export function splitParagraphs(text: string, segments: readonly Segment[]): Paragraph[] {
  let next = 0;
  return splitBlocks(text).map((block) => {
    const { start, end } = block;
    const runs: TextRun[] = [];
    let position = start;
    while (next < segments.length && (segments[next] as Segment).end <= start) next++;
    for (let index = next; index < segments.length && position < end; index++) {
      const segment = segments[index] as Segment;
      if (segment.start >= end) break;
      const [runStart, runEnd] = [Math.max(position, segment.start), Math.min(end, segment.end)];
      if (runStart > position) runs.push({ start: position, end: runStart, segment: null });
      if (runEnd > runStart) runs.push({ start: runStart, end: runEnd, segment: index });
      position = Math.max(position, runEnd);
    }
    if (position < end) runs.push({ start: position, end, segment: null });
    return { ...block, runs, marks: findMarks(text, block) };
  });
}

/** Consecutive items of one kind of list are together; every other paragraph is alone. */
export function groupLists(paragraphs: readonly Paragraph[]): Paragraph[][] {
  const groups: Paragraph[][] = [];
  for (const paragraph of paragraphs) {
    const group = groups.at(-1);
    const isItem = paragraph.kind === "bullet" || paragraph.kind === "numbered";
    if (group && isItem && group[0]?.kind === paragraph.kind) group.push(paragraph);
    else groups.push([paragraph]);
  }
  return groups;
}
