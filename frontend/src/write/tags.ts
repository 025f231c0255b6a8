/** Tags within a text, as the service reads them: `[pause:0.8s]`, `[voice:hibari_heart]`, `[word](/phonemes/)`. */

export const TAG = /\[(?:pause|voice)\s*:[^[\]\n]{0,200}\]|\[[^\][\n]{1,100}\]\(\/[^/\n]{1,200}\/\)/gi;

export const pauseTag = (seconds: number): string => `[pause:${seconds}s]`;

export const voiceTag = (id: string): string => `[voice:${id}]`;

export const phonemeTag = (word: string, phonemes: string): string => `[${word}](${phonemes.trim()})`;

const PAUSE = /^\[pause\s*:\s*(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})\s*(ms|s|)\s*\]$/i;
const LONGEST_PAUSE_S = 60;

/** How long a tag rests; null when it is no pause that the service takes. */
export function pauseS(tag: string): number | null {
  const found = PAUSE.exec(tag);
  if (!found) return null;
  const seconds = Number(found[1]) / (found[2]?.toLowerCase() === "ms" ? 1000 : 1);
  return seconds <= LONGEST_PAUSE_S ? seconds : null;
}

export function pausesS(text: string): number {
  return (text.match(/\[pause\s*:[^[\]\n]{0,200}\]/gi) ?? []).reduce((sum, tag) => sum + (pauseS(tag) ?? 0), 0);
}

/** The voice that a tag names; null when it is no such tag. */
export function voiceOf(tag: string): string | null {
  return /^\[voice\s*:([^[\]\n]*)\]$/i.exec(tag)?.[1]?.trim() ?? null;
}

/** Phonemes stand between slashes; anything else is a respelling. */
export function isPhonemes(said: string): boolean {
  return /^\/[^/\n]{1,200}\/$/.test(said.trim());
}

/** With what keeps a tag from sticking to the words beside it. */
export function spaced(tag: string, before: string, after: string): string {
  const left = before !== "" && !/\s$/.test(before) ? " " : "";
  const right = after !== "" && !/^\s/.test(after) ? " " : "";
  return left + tag + right;
}
