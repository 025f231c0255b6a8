/** Mends texts whose lines were broken for paper or a terminal: broken paragraphs, split words, page numbers. */

export interface Mending {
  joinLines: boolean;
  mendHyphens: boolean;
  dropPageNumbers: boolean;
}

/** How often each mending would change a text. */
export interface Findings {
  brokenLines: number;
  splitWords: number;
  pageNumbers: number;
}

const MEND_ALL: Mending = { joinLines: true, mendHyphens: true, dropPageNumbers: true };

/** Shorter or longer lines were not broken at a fixed width. */
const WIDTH_MIN = 40;
const WIDTH_MAX = 110;
/** A line that is shorter than this share of the width ends on purpose, as in verse or an address. */
const FULL_SHARE = 0.7;
/** At least this share of the lines that another line follows must be full. */
const WRAPPED_SHARE = 0.6;
const WRAPPED_LINES_MIN = 4;
const PAGE_NUMBERS_MIN = 2;

const PAGE_NUMBER = /^[\s\f]*(?:[-–—[(]\s*)?(?:(?:page|seite|p\.)\s*)?\d{1,4}(?:\s*(?:\/|of|sur|von)\s*\d{1,4})?(?:\s*[-–—\])])?\s*$/i;
/** A heading, a list item, a quotation, a table or a rule begins a line of its own. */
const OWN_LINE = /^\s*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|>|\||[-=*_]{3,}\s*$)/;
const SPLIT_WORD = /(\p{L}{2,})[-\u00AD]$/u;
const ENDS_SENTENCE = /[.!?…:;"'”’»)\]]\s*$/;

/** Null for a text that needs no mending. */
export function inspect(text: string): Findings | null {
  const width = wrapWidth(text);
  const pages = countPageNumbers(text);
  if (width === null && pages < PAGE_NUMBERS_MIN) return null;
  const findings: Findings = { brokenLines: 0, splitWords: 0, pageNumbers: pages };
  mendLines(text, width, MEND_ALL, findings);
  return findings.brokenLines || findings.splitWords || findings.pageNumbers ? findings : null;
}

export function mend(text: string, mending: Mending): string {
  return mendLines(text, wrapWidth(text), mending, { brokenLines: 0, splitWords: 0, pageNumbers: 0 });
}

/** The width at which lines were broken: that of nearly the longest line. Null if they were not. */
function wrapWidth(text: string): number | null {
  const lines = text.split("\n");
  const followed = lines.filter(
    (line, index) => line.trim() && lines[index + 1]?.trim() && !OWN_LINE.test(lines[index + 1] as string),
  );
  if (followed.length < WRAPPED_LINES_MIN) return null;
  const lengths = followed.map((line) => line.trimEnd().length).sort((a, b) => a - b);
  const width = lengths[Math.floor(0.95 * (lengths.length - 1))] as number;
  if (width < WIDTH_MIN || width > WIDTH_MAX) return null;
  const full = lengths.filter((length) => length >= FULL_SHARE * width).length;
  return full >= WRAPPED_SHARE * lengths.length ? width : null;
}

function countPageNumbers(text: string): number {
  const count = text.split("\n").filter((line) => PAGE_NUMBER.test(line)).length;
  return count >= PAGE_NUMBERS_MIN ? count : 0;
}

function mendLines(text: string, width: number | null, mending: Mending, findings: Findings): string {
  const dropsPages = mending.dropPageNumbers && countPageNumbers(text) > 0;
  const mended: string[] = [];
  for (const line of dropsPages ? withoutPageNumbers(text.split("\n")) : text.split("\n")) {
    const previous = mended.at(-1);
    if (previous === undefined || width === null || !continues(previous, line, width)) {
      mended.push(line);
      continue;
    }
    const isSplit = SPLIT_WORD.test(tail(previous)) && /^\s*\p{Ll}/u.test(line);
    if (isSplit) findings.splitWords++;
    else findings.brokenLines++;
    if (isSplit && (mending.mendHyphens || mending.joinLines))
      mended[mended.length - 1] = joinWord(previous, line.trimStart(), { text, mending });
    else if (mending.joinLines) mended[mended.length - 1] = `${previous.trimEnd()} ${line.trim()}`;
    else mended.push(line);
  }
  return mended.join("\n");
}

/** True if a line continues the sentence of the line before. `previous` may consist of joined lines. */
function continues(previous: string, line: string, width: number): boolean {
  if (!previous.trim() || !line.trim() || OWN_LINE.test(line) || /^\s*(?:#|\|)/.test(previous)) return false;
  if (/ {2}$/.test(previous)) return false; // Markdown's mark for a line that ends on purpose
  // A joined line is full; a short one ends on purpose, unless the next word would not have fitted.
  const nextWord = line.trim().split(/\s/, 1)[0]?.length ?? 0;
  return previous.length >= FULL_SHARE * width || previous.length + 1 + nextWord > width;
}

/** Joins a word that a hyphen splits. The hyphen stays if the text has the word with it elsewhere. */
function joinWord(previous: string, line: string, { text, mending }: { text: string; mending: Mending }): string {
  const start = SPLIT_WORD.exec(tail(previous))?.[1] ?? "";
  const end = /^\p{L}+/u.exec(line)?.[0] ?? "";
  const keepsHyphen = !mending.mendHyphens || text.includes(`${start}-${end}`);
  const joined = keepsHyphen && previous.endsWith("-") ? previous : previous.slice(0, -1);
  if (mending.joinLines) return joined + line;
  // Only the word moves up; the rest of the line stays.
  const rest = line.slice(end.length).replace(/^(\S*)\s*/, "$1\n");
  return joined + end + rest;
}

/** The end of a line. Joined lines may be long, and a pattern for the end would read all of it. */
function tail(line: string): string {
  return line.slice(-100);
}

/** Drops page numbers with the blank lines around them, and the blank lines inside a sentence that a page divided. */
function withoutPageNumbers(lines: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] as string).replaceAll("\f", "");
    if (!PAGE_NUMBER.test(line)) {
      kept.push(line);
      continue;
    }
    while (lines[index + 1]?.replaceAll("\f", "").trim() === "") index++;
    while (kept.at(-1)?.trim() === "") kept.pop();
    const next = lines[index + 1] ?? "";
    const isInSentence = /^\s*\p{Ll}/u.test(next) && !ENDS_SENTENCE.test(kept.at(-1) ?? ".");
    if (kept.length && next && !isInSentence) kept.push("");
  }
  return kept;
}
