/** Guesses the language of a text from its script and its most common words. The service checks again with a model. */

import { signal } from "@preact/signals";

/** The language of the text in the editor; null if it is not clear. */
export const textLanguage = signal<string | null>(null);

const SAMPLE_CHARS = 4000;
const LETTERS_MIN = 20;
/** Common words must be at least this share of all words, and twice as frequent as those of any other language. */
const SHARE_MIN = 0.15;
const LEAD_MIN = 2;

const COMMON_WORDS: Record<string, string> = {
  en: "the and of to in is was that it he she you with for his her they had not but are this have from be my what which would there were been who has their we an by on at as said",
  fr: "le la les de des du et en un une est dans que qui il elle pour pas sur au avec ce cette son sa ses nous vous ils mais ou où se ne plus par sont était avait je tu mon c'est d'un l'on qu'il",
  de: "der die das und ist nicht ein eine einen ich sie es zu mit auf den dem des von für im war er wie auch sich aber wir ihr noch nur hatte bei nach oder wenn dass",
  es: "el la los las de del y en un una es que no por con para su sus se lo al como más pero muy era había está este esta cuando él ella yo sin sobre",
  it: "il lo la gli le di del della dei e è in un una che non per con si da al alla come ma era sono più questo questa anche nel nella suo sua io ho aveva",
  pt: "o a os as de do da dos das e é em um uma que não para com se por no na nos nas como mas mais era seu sua ele ela foi ao à eu você estava",
  nl: "de het een en van in is dat niet te op met voor zijn was er aan ik hij ze maar ook als bij om uit dan nog naar had wat die deze heeft",
};

const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["ja", /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ["ko", /\p{Script=Hangul}/gu],
  ["zh", /\p{Script=Han}/gu],
  ["hi", /\p{Script=Devanagari}/gu],
  ["ar", /\p{Script=Arabic}/gu],
  ["he", /\p{Script=Hebrew}/gu],
  ["ru", /\p{Script=Cyrillic}/gu],
  ["el", /\p{Script=Greek}/gu],
];
/** Languages that share a script, so that the script alone does not tell them apart. */
const SHARED_SCRIPTS = new Set(["hi", "ar", "ru"]);

const words = Object.entries(COMMON_WORDS).map(([tag, list]) => [tag, new Set(list.split(" "))] as const);

/** A language without a region, such as `fr`. Null if the text is short or its language is not clear. */
export function detectLanguage(text: string): string | null {
  const sample = text.slice(0, SAMPLE_CHARS).replace(/\[[^\]\n]*\](?:\([^)\n]*\))?/g, " ");
  const letters = sample.match(/\p{L}/gu)?.length ?? 0;
  for (const [tag, script] of SCRIPTS) {
    const count = sample.match(script)?.length ?? 0;
    if (count > letters * (tag === "ja" ? 0.1 : 0.5) && count > 3) return SHARED_SCRIPTS.has(tag) ? null : tag;
  }
  return letters < LETTERS_MIN ? null : detectByWords(sample);
}

function detectByWords(sample: string): string | null {
  const found = sample.toLowerCase().replaceAll("’", "'").match(/[\p{L}']+/gu) ?? [];
  const counts = words
    .map(([tag, common]) => [tag, found.filter((word) => common.has(word)).length] as const)
    .sort(([, a], [, b]) => b - a);
  const [best, second] = counts;
  if (!best || !second || found.length < 4) return null;
  const isClear = best[1] >= SHARE_MIN * found.length && best[1] >= LEAD_MIN * second[1] && best[1] > 1;
  return isClear ? best[0] : null;
}
