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
  nextCursor: string | null;
}

const EXCERPT_CHARS = 200;
const TITLE_CHARS = 200;

export function toRow(recording: Recording): Row {
  return {
    jobId: recording.job_id,
    title: copyStart(recording.title, TITLE_CHARS),
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
  const textStart = collapseSpaces(copyStart(text, 2 * EXCERPT_CHARS));
  const titleText = collapseSpaces(title.replace(/…$/, ""));
  if (titleText === "" || !textStart.startsWith(titleText)) return copyStart(textStart, EXCERPT_CHARS);
  if (textStart === titleText) return "";
  // The title may end within a word.
  const partialWord = /\S*$/.exec(titleText)?.[0] ?? "";
  const start = textStart[titleText.length] === " " || partialWord.length === titleText.length ? titleText.length : titleText.length - partialWord.length;
  return `… ${copyStart(textStart.slice(start).trim(), EXCERPT_CHARS)}`;
}

function collapseSpaces(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

/** A copy of the beginning: a slice would keep the whole of a book in memory behind its first words. */
function copyStart(text: string, chars: number): string {
  const cut = text.slice(0, chars).replace(/[\uD800-\uDBFF]$/, "");
  return Array.from(cut).join("");
}

/** What the first page says now, before what was loaded behind it; null when the two do not meet. */
export function mergeFirstPage(loaded: readonly Row[], page: Page): readonly Row[] | null {
  const last = page.rows.at(-1);
  if (page.nextCursor === null || !last) return page.rows;
  const index = loaded.findIndex((row) => row.jobId === last.jobId);
  return index < 0 ? null : [...page.rows, ...loaded.slice(index + 1)];
}

/** Pages may meet where something came or went between them. */
export function appendPage(loaded: readonly Row[], page: Page): readonly Row[] {
  const loadedIds = new Set(loaded.map((row) => row.jobId));
  return [...loaded, ...page.rows.filter((row) => !loadedIds.has(row.jobId))];
}
