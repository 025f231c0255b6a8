/** The structure of a text: its blocks, such as headings and list items, and the marks inside them. */

export type BlockKind = "text" | "heading" | "bullet" | "numbered" | "quote" | "rule";

export interface Block {
  kind: BlockKind;
  /** Of a heading, from 1 to 6; the number of a numbered item; else 0. */
  level: number;
  /** Without the mark at the beginning. */
  start: number;
  end: number;
}

export type MarkKind = "hidden" | "strong" | "em" | "code";

/** A part of the text that is hidden, because it is only a mark, or shown in a style. */
export interface Mark {
  kind: MarkKind;
  start: number;
  end: number;
}

/** Longer paragraphs are divided at a line, so that only the visible part of a book is rendered. */
const BLOCK_CHARS_MAX = 3000;

const HEADING = /^\s{0,3}(#{1,6})\s+(?=\S)/;
const BULLET = /^\s*[-*+•]\s+(?=\S)/;
const NUMBERED = /^\s*(\d{1,4})[.)]\s+(?=\S)/;
const QUOTE = /^\s*>\s?/;
const RULE = /^\s*(?:[-*_]\s*){3,}$/;
const UNDERLINE = /^\s*(=+|-{2,})\s*$/;

/** The blocks in order. Blank lines are in none. The lines of a paragraph or an item are one block. */
export function splitBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let canContinue = false;
  for (const [start, end] of lines(text)) {
    const line = text.slice(start, end);
    const last = blocks.at(-1);
    if (!line.trim()) {
      canContinue = false;
      continue;
    }
    if (canContinue && last?.kind === "text" && UNDERLINE.test(line) && !text.slice(last.start, last.end).includes("\n")) {
      blocks[blocks.length - 1] = { ...last, kind: "heading", level: line.includes("=") ? 1 : 2 };
      canContinue = false;
      continue;
    }
    const block = blockOf(line, start, end);
    const continuesLast = canContinue && last && (block.kind === "text" || (block.kind === "quote" && last.kind === "quote"));
    if (continuesLast && end - last.start <= BLOCK_CHARS_MAX) last.end = end;
    else blocks.push(block);
    canContinue = block.kind !== "heading" && block.kind !== "rule";
  }
  return blocks;
}

function blockOf(line: string, start: number, end: number): Block {
  if (RULE.test(line)) return { kind: "rule", level: 0, start: end, end };
  const heading = HEADING.exec(line);
  if (heading) {
    const closing = /\s+#+\s*$/.exec(line)?.[0].length ?? 0;
    return { kind: "heading", level: heading[1]?.length ?? 1, start: start + heading[0].length, end: end - closing };
  }
  const bullet = BULLET.exec(line);
  if (bullet) return { kind: "bullet", level: 0, start: start + bullet[0].length, end };
  const numbered = NUMBERED.exec(line);
  if (numbered) return { kind: "numbered", level: Number(numbered[1]), start: start + numbered[0].length, end };
  const quote = QUOTE.exec(line);
  if (quote) return { kind: "quote", level: 0, start: start + quote[0].length, end };
  return { kind: "text", level: 0, start, end };
}

function* lines(text: string): Generator<[start: number, end: number]> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    yield [start, end];
    start = end + 1;
  }
}

/** Emphasis, code and links: the marks are hidden, and the text between them has the style. */
const INLINE: readonly (readonly [MarkKind | null, RegExp])[] = [
  ["code", /(`)([^`\n]+)(`)/g],
  ["strong", /(\*\*|__)(?=\S)((?:(?!\1).)+?)(?<=\S)(\1)/g],
  ["em", /(?<![\p{L}\p{N}*])(\*)(?=[^\s*])([^*\n]+?)(?<=[^\s*])(\*)(?![\p{L}\p{N}*])/gu],
  ["em", /(?<![\p{L}\p{N}_])(_)(?=[^\s_])([^_\n]+?)(?<=[^\s_])(_)(?![\p{L}\p{N}_])/gu],
  [null, /(!?\[)([^[\]\n]+)(\]\([^()\n]*\))/g],
  ["hidden", /()()(^>\s?)/gm],
];

/** The marks of a block in order. Styles may lie inside each other. */
export function findMarks(text: string, { start, end }: Pick<Block, "start" | "end">): Mark[] {
  const block = text.slice(start, end);
  const marks: Mark[] = [];
  for (const [kind, pattern] of INLINE) {
    for (const match of block.matchAll(pattern)) {
      const [, opening = "", content = "", closing = ""] = match;
      const from = start + match.index;
      const inner = from + opening.length;
      const to = inner + content.length;
      if (opening) marks.push({ kind: "hidden", start: from, end: inner });
      if (kind && content) marks.push({ kind, start: inner, end: to });
      marks.push({ kind: "hidden", start: to, end: to + closing.length });
    }
  }
  return marks.sort((a, b) => a.start - b.start || b.end - a.end);
}

/** A piece of a run with the styles that apply to it. Hidden pieces are left out. */
export interface Piece {
  text: string;
  styles: readonly Exclude<MarkKind, "hidden">[];
}

export function splitPieces(text: string, start: number, end: number, marks: readonly Mark[]): Piece[] {
  const applying = marks.filter((mark) => mark.end > start && mark.start < end);
  if (!applying.length) return [{ text: text.slice(start, end), styles: [] }];
  const edges = [start, end, ...applying.flatMap((mark) => [mark.start, mark.end])]
    .filter((edge) => edge >= start && edge <= end)
    .sort((a, b) => a - b);
  const pieces: Piece[] = [];
  for (const [index, from] of edges.entries()) {
    const to = edges[index + 1];
    if (to === undefined || to === from) continue;
    const kinds = applying.filter((mark) => mark.start <= from && mark.end >= to).map((mark) => mark.kind);
    if (kinds.includes("hidden")) continue;
    pieces.push({ text: text.slice(from, to), styles: [...new Set(kinds)] as Piece["styles"] });
  }
  return pieces;
}
