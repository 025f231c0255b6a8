/** Tags in a text, as the service reads them: `[pause:0.8s]`, `[voice:hibari_heart]`, `[word](/phonemes/)`. */

export const TAG = /\[pause\s*\]|\[(?:pause|voice)\s*:[^[\]\n]{0,200}\]|\[[^\][\n]{1,100}\]\(\/[^/\n]{1,200}\/\)/gi;

export const pauseTag = (seconds: number): string => `[pause:${seconds}s]`;

export const voiceTag = (id: string): string => `[voice:${id}]`;

export const phonemeTag = (word: string, phonemes: string): string => `[${word}](${phonemes.trim()})`;

const PAUSE = /^\[pause\s*(?::\s*(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(ms|s|)\s*)?\]$/i;
const PAUSE_DEFAULT_S = 0.5;
const PAUSE_MAX_S = 60;

/** The duration of a pause tag; null when the service refuses the tag or reads it as text. */
export function pauseDurationS(tag: string): number | null {
  const match = PAUSE.exec(tag);
  if (!match) return null;
  if (match[1] === undefined) return PAUSE_DEFAULT_S;
  const seconds = Number(match[1]) / (match[2]?.toLowerCase() === "ms" ? 1000 : 1);
  return seconds <= PAUSE_MAX_S ? seconds : null;
}

/** The total duration of the pause tags in a text. */
export function totalPausesS(text: string): number {
  const tags = text.match(/\[pause\s*(?::[^[\]\n]{0,200})?\]/gi) ?? [];
  return tags.reduce((sum, tag) => sum + (pauseDurationS(tag) ?? 0), 0);
}

/** The voice in a voice tag, which may be empty; null for any other tag. */
export function voiceIdOf(tag: string): string | null {
  return /^\[voice\s*:([^[\]\n]*)\]$/i.exec(tag)?.[1]?.trim() ?? null;
}

/** True for phonemes between slashes; anything else is a respelling. */
export function isPhonemes(pronunciation: string): boolean {
  return /^\/[^/\n]{1,200}\/$/.test(pronunciation.trim());
}

/** The tag with a space on each side where the neighbouring character is not whitespace. */
export function withSpacing(tag: string, before: string, after: string): string {
  const left = before !== "" && !/\s$/.test(before) ? " " : "";
  const right = after !== "" && !/^\s/.test(after) ? " " : "";
  return left + tag + right;
}
