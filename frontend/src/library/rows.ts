/** A recording as the library shows it, and the few things that happen to a list of them. */

import type { Recording } from "../api/client";

export interface Row {
  jobId: string;
  title: string;
  /** The first words of the text, from behind the title where the title is those words. */
  excerpt: string;
  voiceId: string;
  model: string;
  format: string;
  durationS: number;
  sizeBytes: number;
  createdAt: string;
}

export interface Page {
  rows: readonly Row[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

const EXCERPT_CHARS = 200;
const TITLE_CHARS = 200;

export function rowOf(recording: Recording): Row {
  return {
    jobId: recording.job_id,
    title: copied(recording.title, TITLE_CHARS),
    excerpt: excerpt(recording.title, recording.text),
    voiceId: recording.voice_id,
    model: recording.model,
    format: recording.format,
    durationS: recording.duration_s,
    sizeBytes: recording.size_bytes,
    createdAt: recording.created_at,
  };
}

/** Empty when the title says all of it. */
export function excerpt(title: string, text: string): string {
  const words = spaced(copied(text, 2 * EXCERPT_CHARS));
  const said = spaced(title.replace(/…$/, ""));
  if (said === "" || !words.startsWith(said)) return copied(words, EXCERPT_CHARS);
  if (words === said) return "";
  // The title may end within a word.
  const within = /\S*$/.exec(said)?.[0] ?? "";
  const from = words[said.length] === " " || within.length === said.length ? said.length : said.length - within.length;
  return `… ${copied(words.slice(from).trim(), EXCERPT_CHARS)}`;
}

function spaced(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

/** A copy of the beginning: a slice would keep the whole of a book in memory behind its first words. */
function copied(text: string, chars: number): string {
  const cut = text.slice(0, chars).replace(/[\uD800-\uDBFF]$/, "");
  return Array.from(cut).join("");
}

/** What the first page says now, before what was loaded behind it; null when the two do not meet. */
export function merged(held: readonly Row[], page: Page): readonly Row[] | null {
  const last = page.rows.at(-1);
  if (page.next === null || !last) return page.rows;
  const at = held.findIndex((row) => row.jobId === last.jobId);
  return at < 0 ? null : [...page.rows, ...held.slice(at + 1)];
}

/** Pages may meet where something came or went between them. */
export function joined(held: readonly Row[], page: Page): readonly Row[] {
  const known = new Set(held.map((row) => row.jobId));
  return [...held, ...page.rows.filter((row) => !known.has(row.jobId))];
}
