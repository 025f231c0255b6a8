/** Search and filters for voices. */

import type { Voice } from "../api/client";
import { languageName } from "../i18n/formats";
import { t } from "../i18n";
import { modelName } from "../state/models";

/** An empty string means no filter. */
export interface VoiceFilters {
  query: string;
  /** Without a region: `en`. */
  language: string;
  model: string;
  gender: string;
  onlyAvailable: boolean;
}

export const NO_FILTERS: VoiceFilters = {
  query: "",
  language: "",
  model: "",
  gender: "",
  onlyAvailable: false,
};

/** The voices that match: available ones first, otherwise in the order of the service. */
export function searchVoices(voices: readonly Voice[], filters: VoiceFilters): Voice[] {
  const words = normalize(filters.query).split(/\s+/).filter(Boolean);
  const matches = voices.filter(
    (voice) =>
      (!filters.language || voice.languages.some((tag) => primaryLanguage(tag) === filters.language)) &&
      (!filters.model || voice.model === filters.model) &&
      (!filters.gender || voice.gender === filters.gender) &&
      (!filters.onlyAvailable || voice.available) &&
      words.every((word) => searchableText(voice).includes(word)),
  );
  return [...matches.filter((voice) => voice.available), ...matches.filter((voice) => !voice.available)];
}

function searchableText(voice: Voice): string {
  const languages = voice.languages.map((tag) => `${tag} ${languageName(tag)}`).join(" ");
  return normalize(
    `${voice.id} ${voice.name} ${voice.model} ${modelName(voice.model)} ${languages} ${voice.gender}`,
  );
}

/** Removes case and accents. */
function normalize(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** `en` for `en-GB`. */
export function primaryLanguage(tag: string): string {
  return tag.split("-", 1)[0] ?? tag;
}

/** The values of a property that the voices have, sorted. */
export function filterOptions(voices: readonly Voice[], property: "language" | "model" | "gender"): string[] {
  const values = voices.flatMap((voice) =>
    property === "language" ? voice.languages.map(primaryLanguage) : [voice[property]],
  );
  return [...new Set(values)].sort((a, b) => a.localeCompare(b));
}

/** Languages, gender and model in one line. */
export function describeVoice(voice: Voice): string {
  const languages = voice.languages.slice(0, 3).map(languageName).join(", ");
  const more = voice.languages.length > 3 ? "…" : "";
  return [languages + more, t.value.write.genders(voice.gender), modelName(voice.model)]
    .filter(Boolean)
    .join(" · ");
}
