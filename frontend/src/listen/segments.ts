/** The segments of a text with their times. The service counts code points, JavaScript counts UTF-16 units. */

export interface Segment {
  startS: number;
  endS: number;
  /** In UTF-16 units of the text, from `start` up to but not including `end`. */
  start: number;
  end: number;
}

/** A segment as events send it: `[start_s, end_s, start, end]`, with positions in code points. */
export type SegmentTuple = readonly [
  startS: number,
  endS: number,
  start: number,
  end: number,
  ...rest: unknown[],
];

/** Converts positions in code points to positions in UTF-16 units. */
export class CharacterOffsets {
  /** The positions of surrogate pairs, in code points. Empty for most texts. */
  readonly #pairs: number[] = [];

  constructor(text: string) {
    let codePoint = 0;
    for (let index = 0; index < text.length; index++, codePoint++) {
      const code = text.charCodeAt(index);
      if (code < 0xd800 || code >= 0xdc00) continue;
      const next = text.charCodeAt(index + 1);
      if (next < 0xdc00 || next >= 0xe000) continue;
      this.#pairs.push(codePoint);
      index++;
    }
  }

  toUtf16(codePoint: number): number {
    return codePoint + countWhile(this.#pairs, (pair) => pair < codePoint);
  }
}

export function parseSegments(tuples: readonly SegmentTuple[], offsets: CharacterOffsets): Segment[] {
  return tuples.map(([startS, endS, start, end]) => ({
    startS,
    endS,
    start: offsets.toUtf16(start),
    end: offsets.toUtf16(end),
  }));
}

// A media element can report a position slightly before the one that it was set to.
const TOLERANCE_S = 0.02;

/** The index of the last segment that began at or before a position; -1 before the first one. */
export function segmentIndexAt(segments: readonly Segment[], positionS: number): number {
  return countWhile(segments, (segment) => segment.startS <= positionS + TOLERANCE_S) - 1;
}

/** How many items at the beginning of the list pass. Binary search: no item after the first that fails may pass. */
function countWhile<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
