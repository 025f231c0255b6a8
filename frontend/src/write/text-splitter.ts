/** Splits a text that is longer than the service accepts into several texts. */

/** The length as the service counts it, in code points: a surrogate pair is one character. */
export function countCharacters(text: string): number {
  let pairs = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0xd800 && code < 0xdc00) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next < 0xe000) pairs++;
    }
  }
  return text.length - pairs;
}

/**
 * Splits after the last paragraph that fits, else the last line, else sentence, else word. Only the whitespace at the
 * ends of the pieces is lost. A voice that is set by a tag in one piece is set again at the beginning of the next one.
 */
export function splitText(text: string, { maxChars }: { maxChars: number }): string[] {
  const pieces: string[] = [];
  let rest = text.trim();
  while (countCharacters(rest) > maxChars) {
    const end = splitPoint(rest, indexOfCharacter(rest, maxChars));
    const piece = rest.slice(0, end).trim();
    pieces.push(piece);
    const voiceTag = lastVoiceTag(piece);
    const following = rest.slice(end).trim();
    const needsVoice =
      voiceTag && following && voiceTag.length < maxChars / 2 && !/^\[voice:/i.test(following);
    rest = needsVoice ? `${voiceTag} ${following}` : following;
  }
  if (rest) pieces.push(rest);
  return pieces;
}

function lastVoiceTag(text: string): string | null {
  const tags = text.match(/\[voice\s*:[^\[\]\n]{1,200}\]/gi);
  return tags?.at(-1) ?? null;
}

/** The UTF-16 index after the first `count` characters. */
function indexOfCharacter(text: string, count: number): number {
  let index = Math.min(count, text.length);
  for (let missing = count - countCharacters(text.slice(0, index)); missing > 0 && index < text.length;) {
    index = Math.min(text.length, index + missing);
    missing = count - countCharacters(text.slice(0, index));
  }
  return isInsidePair(text, index) ? index + 1 : index;
}

/** Ends of paragraphs, lines, sentences and words. */
const BOUNDARIES = [/\n\s*\n/g, /\n/g, /[.!?…。！？]["'”’»)\]]*\s/g, /\s/g];

/** Where to split before `end`. A piece has at least half of the possible length, to keep the number of pieces low. */
function splitPoint(text: string, end: number): number {
  const candidates = text.slice(0, end + 1);
  for (const boundary of BOUNDARIES) {
    const last = lastMatchEnd(candidates, boundary, { min: Math.floor(end / 2), max: end });
    if (last !== null) return last;
  }
  return end;
}

/** The end of the last match that begins at `min` or later and ends at `max` or earlier. */
function lastMatchEnd(
  text: string,
  pattern: RegExp,
  { min, max }: { min: number; max: number },
): number | null {
  let last: number | null = null;
  for (const match of text.slice(min).matchAll(pattern)) {
    const end = min + match.index + match[0].length;
    if (end <= max) last = end;
  }
  return last;
}

function isInsidePair(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return index > 0 && code >= 0xdc00 && code < 0xe000;
}
