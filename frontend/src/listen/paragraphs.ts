/** A text as paragraphs of runs, each a passage that is heard or what stands between passages. */

import type { Cue } from "./segments";

export interface Run {
  start: number;
  end: number;
  /** Index of its cue; null between passages. A passage over two paragraphs is a run in each. */
  cue: number | null;
}

export interface Paragraph {
  start: number;
  runs: Run[];
}

export function paragraphs(text: string, cues: readonly Cue[]): Paragraph[] {
  const found: Paragraph[] = [];
  let next = 0;
  for (const [start, end] of lines(text)) {
    const runs: Run[] = [];
    let at = start;
    while (next < cues.length && (cues[next] as Cue).end <= start) next++;
    for (let index = next; index < cues.length && at < end; index++) {
      const cue = cues[index] as Cue;
      if (cue.start >= end) break;
      const [from, to] = [Math.max(at, cue.start), Math.min(end, cue.end)];
      if (from > at) runs.push({ start: at, end: from, cue: null });
      if (to > from) runs.push({ start: from, end: to, cue: index });
      at = Math.max(at, to);
    }
    if (at < end) runs.push({ start: at, end, cue: null });
    found.push({ start, runs });
  }
  return found;
}

function* lines(text: string): Generator<[number, number]> {
  for (let start = 0; start < text.length; ) {
    const stop = text.indexOf("\n", start);
    const end = stop < 0 ? text.length : stop;
    if (text.slice(start, end).trim()) yield [start, end];
    start = end + 1;
  }
}
