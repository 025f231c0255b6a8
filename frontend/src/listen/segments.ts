/** When each passage of a text is heard. The service counts characters, JavaScript counts halves of some of them. */

export interface Cue {
  startS: number;
  endS: number;
  /** UTF-16 units of the text, the end not included. */
  start: number;
  end: number;
}

/** As events tell it: `[start_s, end_s, start, end]` in characters. */
export type ToldCue = readonly [startS: number, endS: number, start: number, end: number, ...rest: unknown[]];

/** From characters to UTF-16 units. */
export class Characters {
  /** Where, in characters, a pair of surrogates stands; empty for most texts. */
  readonly #pairs: number[] = [];

  constructor(text: string) {
    let character = 0;
    for (let at = 0; at < text.length; at++, character++) {
      const code = text.charCodeAt(at);
      if (code < 0xd800 || code >= 0xdc00) continue;
      const next = text.charCodeAt(at + 1);
      if (next < 0xdc00 || next >= 0xe000) continue;
      this.#pairs.push(character);
      at++;
    }
  }

  unit(character: number): number {
    return character + lowerBound(this.#pairs, (pair) => pair < character);
  }
}

export function readCues(told: readonly ToldCue[], characters: Characters): Cue[] {
  return told.map(([startS, endS, start, end]) => ({
    startS,
    endS,
    start: characters.unit(start),
    end: characters.unit(end),
  }));
}

/** The index of the cue that is heard at a moment, or was heard last; -1 before the first. */
export function cueAt(cues: readonly Cue[], seconds: number): number {
  return lowerBound(cues, (cue) => cue.startS <= seconds + 0.02) - 1;
}

/** How many items, of a list that begins with those that pass, do. */
function lowerBound<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let [least, most] = [0, items.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (passes(items[middle] as T)) least = middle + 1;
    else most = middle;
  }
  return least;
}
