/** Splits a text into paragraphs, and each paragraph into runs: segments and the text between them. */

import type { Segment } from "./segments";

export interface TextRun {
  start: number;
  end: number;
  /** The index of the segment; null between segments. A segment in two paragraphs has a run in each. */
  segment: number | null;
}

export interface Paragraph {
  start: number;
  runs: TextRun[];
}

/** Blank lines have no paragraph. The segments must be in the order of the text. */
export function splitParagraphs(text: string, segments: readonly Segment[]): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let next = 0;
  for (const [start, end] of nonBlankLines(text)) {
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
    paragraphs.push({ start, runs });
  }
  return paragraphs;
}

function* nonBlankLines(text: string): Generator<[start: number, end: number]> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(start, end).trim()) yield [start, end];
    start = end + 1;
  }
}
