/** Tags within a text, as the service reads them: `[pause:0.8s]`, `[voice:hibari_heart]`, `[word](/phonemes/)`. */

export const TAG = /\[(?:pause|voice)\s*:[^[\]\n]{0,200}\]|\[[^\][\n]{1,100}\]\(\/[^/\n]{1,200}\/\)/gi;

export const pauseTag = (seconds: number): string => `[pause:${seconds}s]`;

export const voiceTag = (id: string): string => `[voice:${id}]`;

export const phonemeTag = (word: string, phonemes: string): string => `[${word}](${phonemes.trim()})`;

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
