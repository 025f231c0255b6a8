/** Recordings as rows of the library, and operations on lists of rows. */

import type { Recording } from "../api/client";
import { plainLine } from "../state/titles";

export interface Row {
  jobId: string;
  title: string;
  /** The first words of the text. If the title is the start of the text, those after the title. */
  excerpt: string;
  voiceId: string;
  model: string;
  /** True if no worker had the voice, so that the audio is a beep. */
  isBeep: boolean;
  format: string;
  durationS: number;
  sizeBytes: number;
  createdAt: string;
  /** True if the retention does not delete it. */
  isKept: boolean;
  /** When the retention deletes it; null if never. */
  expiresAt: string | null;
}

export interface Page {
  rows: readonly Row[];
  /** The cursor of the next page; null on the last page. */
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
    isBeep: recording.provider === "stub",
    format: recording.format,
    durationS: recording.duration_s,
    sizeBytes: recording.size_bytes,
    createdAt: recording.created_at,
    isKept: recording.kept,
    expiresAt: recording.expires_at,
  };
}

/** Returns the excerpt below a title. Empty if the title contains the whole text. */
export function excerpt(title: string, text: string): string {
  const lines = copyStart(text, 4 * EXCERPT_CHARS).split("\n");
  const textStart = copyStart(lines.map(plainLine).filter(Boolean).join(" "), 2 * EXCERPT_CHARS);
  const titleText = collapseSpaces(title.replace(/…$/, ""));
  if (titleText === "" || !textStart.startsWith(titleText)) return copyStart(textStart, EXCERPT_CHARS);
  if (textStart === titleText) return "";
  // The title may end in the middle of a word.
  const partialWord = /\S*$/.exec(titleText)?.[0] ?? "";
  const start =
    textStart[titleText.length] === " " || partialWord.length === titleText.length
      ? titleText.length
      : titleText.length - partialWord.length;
  return `… ${copyStart(textStart.slice(start).trim(), EXCERPT_CHARS)}`;
}

function collapseSpaces(text: string): string {
  return text.split(/\s+/).filter(Boolean).join(" ");
}

/** Copies the start of a text. A slice would keep the whole text, perhaps a book, in memory. */
function copyStart(text: string, chars: number): string {
  const cut = text.slice(0, chars).replace(/[\uD800-\uDBFF]$/, "");
  return Array.from(cut).join("");
}

/** Puts a reloaded first page before the rows loaded after it. Returns null if they do not overlap. */
export function mergeFirstPage(loaded: readonly Row[], page: Page): readonly Row[] | null {
  const last = page.rows.at(-1);
  if (page.nextCursor === null || !last) return page.rows;
  const index = loaded.findIndex((row) => row.jobId === last.jobId);
  return index < 0 ? null : [...page.rows, ...loaded.slice(index + 1)];
}

/** Appends a page. Pages overlap if recordings were added in between; duplicates are dropped. */
export function appendPage(loaded: readonly Row[], page: Page): readonly Row[] {
  const loadedIds = new Set(loaded.map((row) => row.jobId));
  return [...loaded, ...page.rows.filter((row) => !loadedIds.has(row.jobId))];
}
