/** A text that is longer than the service takes at once, in parts that it takes. */

/** How many characters the service counts: a pair of surrogates is one. */
export function characters(text: string): number {
  let pairs = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0xd800 && code < 0xdc00) {
      const next = text.charCodeAt(at + 1);
      if (next >= 0xdc00 && next < 0xe000) pairs++;
    }
  }
  return text.length - pairs;
}

/**
 * Cut before the last paragraph, else line, else sentence, else word that still fits; nothing is lost but blank edges.
 * Whoever speaks at the end of a part goes on in the next.
 */
export function parts(text: string, { max }: { max: number }): string[] {
  const found: string[] = [];
  let rest = text.trim();
  while (characters(rest) > max) {
    const end = cut(rest, reach(rest, max));
    const part = rest.slice(0, end).trim();
    found.push(part);
    const voice = lastVoice(part);
    const after = rest.slice(end).trim();
    rest = voice && after && voice.length < max / 2 && !/^\[voice:/i.test(after) ? `${voice} ${after}` : after;
  }
  if (rest) found.push(rest);
  return found;
}

function lastVoice(text: string): string | null {
  const tags = text.match(/\[voice\s*:[^\[\]\n]{1,200}\]/gi);
  return tags?.at(-1) ?? null;
}

/** The index behind the `max`th character. */
function reach(text: string, max: number): number {
  let at = Math.min(max, text.length);
  for (let missing = max - characters(text.slice(0, at)); missing > 0 && at < text.length; ) {
    at = Math.min(text.length, at + missing);
    missing = max - characters(text.slice(0, at));
  }
  return splitsPair(text, at) ? at + 1 : at;
}

const EDGES = [/\n\s*\n/g, /\n/g, /[.!?…。！？]["'”’»)\]]*\s/g, /\s/g];

function cut(text: string, end: number): number {
  const within = text.slice(0, end + 1);
  for (const edge of EDGES) {
    const last = lastEnd(within, edge, Math.floor(end / 2), end);
    if (last !== null) return last;
  }
  return end;
}

/** Where the last match within [least, most] ends; a part shorter than half would be one too many. */
function lastEnd(text: string, edge: RegExp, least: number, most: number): number | null {
  let last: number | null = null;
  for (const match of text.slice(least).matchAll(edge)) {
    const at = least + match.index + match[0].length;
    if (at <= most) last = at;
  }
  return last;
}

function splitsPair(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return at > 0 && code >= 0xdc00 && code < 0xe000;
}
