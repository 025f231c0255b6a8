/** The default title of a recording: the first heading or line of its text. The service uses the same rule. */

const MAX_CHARS = 80;
/** A heading further down is not the title. Longer lines than this are not read to their end. */
const HEAD_CHARS = 2000;
const HEADING_LINES = 10;

const HEADING = /^#{1,6}\s+\S/;
const RULE = /^[-=*_~\s]+$/;
/** SSML and HTML, whose tags may be longer than a line. */
const DOCUMENT = /^\s*<[?!a-z]/i;
const DOCUMENT_TAG = /<!--.*?-->|<[?!/]?[a-z][^<>]*>/gis;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** In this order. The replacement keeps the text of a mark. */
const MARKS: readonly (readonly [RegExp, string])[] = [
  [/\[(?:pause|voice)\s*:[^[\]\n]*\]/gi, " "],
  [/!?\[([^[\]\n]+)\]\([^()\n]*\)/g, "$1"],
  [/<\/?[a-z][^<>\n]*>/gi, " "],
  [/^\s*(?:(?:>|#{1,6}(?=\s)|[-*+](?=\s))\s*)+/, ""],
  [/\s#+\s*$/, ""],
  [/(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1/g, "$2"],
  [/(?<![\p{L}\p{N}_*])([*_])(?=\S)([^*_]+)(?<=\S)\1(?![\p{L}\p{N}_*])/gu, "$2"],
];

/** The title without Markdown marks and tags, of at most 80 characters. Empty if the text has no words. */
export function titleOf(text: string): string {
  const start = text.slice(0, HEAD_CHARS);
  const head = DOCUMENT.test(start) ? start.replace(DOCUMENT_TAG, " ") : start;
  const lines = head.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
  const spoken = lines.filter((line) => plainLine(line) !== "");
  const heading = spoken.slice(0, HEADING_LINES).find((line) => HEADING.test(line.trim()));
  return shorten(plainLine(heading ?? spoken[0] ?? ""));
}

/** The line without marks and tags. Empty for a line of marks only. */
export function plainLine(line: string): string {
  if (RULE.test(line)) return "";
  return MARKS.reduce((plain, [pattern, replacement]) => plain.replace(pattern, replacement), line)
    .replace(ENTITY, character)
    .replace(/\s+/g, " ")
    .trim();
}

function character(entity: string, decimal?: string, hexadecimal?: string, name?: string): string {
  if (name) return ENTITIES[name.toLowerCase()] ?? entity;
  const code = decimal ? Number(decimal) : Number.parseInt(hexadecimal ?? "", 16);
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  return isCharacter ? String.fromCodePoint(code) : entity;
}

/** Cuts between words, or within a word that is longer than a title. */
function shorten(title: string): string {
  const chars = [...title];
  if (chars.length <= MAX_CHARS) return title;
  const cut = chars.slice(0, MAX_CHARS);
  const lastSpace = cut.lastIndexOf(" ");
  const whole = lastSpace >= MAX_CHARS / 2 ? cut.slice(0, lastSpace) : cut.slice(0, -1);
  return `${whole.join("").trimEnd()}…`;
}
