/** Finding a voice among many. */

import type { Voice } from "../api/client";
import { languageName } from "../i18n/formats";
import { t } from "../i18n";
import { modelName } from "../state/models";

export interface Wanted {
  words: string;
  language: string;
  model: string;
  gender: string;
  onlyAvailable: boolean;
}

export const ANY: Wanted = { words: "", language: "", model: "", gender: "", onlyAvailable: false };

/** Those that fit, the ones that can speak first; within that as the service lists them. */
export function search(voices: readonly Voice[], wanted: Wanted): Voice[] {
  const words = fold(wanted.words).split(/\s+/).filter(Boolean);
  const fitting = voices.filter(
    (voice) =>
      (!wanted.language || voice.languages.some((tag) => base(tag) === wanted.language)) &&
      (!wanted.model || voice.model === wanted.model) &&
      (!wanted.gender || voice.gender === wanted.gender) &&
      (!wanted.onlyAvailable || voice.available) &&
      words.every((word) => described(voice).includes(word)),
  );
  return [...fitting.filter((voice) => voice.available), ...fitting.filter((voice) => !voice.available)];
}

function described(voice: Voice): string {
  const languages = voice.languages.map((tag) => `${tag} ${languageName(tag)}`).join(" ");
  return fold(`${voice.id} ${voice.name} ${voice.model} ${modelName(voice.model)} ${languages} ${voice.gender}`);
}

/** Case and accents do not count. */
function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

export function base(tag: string): string {
  return tag.split("-", 1)[0] ?? tag;
}

/** What there is to choose from, in the order in which people look for it. */
export function choices(voices: readonly Voice[], of: "language" | "model" | "gender"): string[] {
  const all = voices.flatMap((voice) => (of === "language" ? voice.languages.map(base) : [voice[of]]));
  return [...new Set(all)].sort((a, b) => a.localeCompare(b));
}

/** One line below the name. */
export function describe(voice: Voice): string {
  const languages = voice.languages.slice(0, 3).map(languageName).join(", ");
  const more = voice.languages.length > 3 ? "…" : "";
  return [languages + more, t.value.write.genders(voice.gender), modelName(voice.model)].filter(Boolean).join(" · ");
}
