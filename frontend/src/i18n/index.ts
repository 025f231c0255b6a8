/** The texts of the studio. English defines the keys: a key that is missing in French does not compile. */

import { computed, effect, signal } from "@preact/signals";
import { readStored, writeStored } from "../state/storage";
import * as en from "./en";
import * as fr from "./fr";

export type Language = "en" | "fr";
export type Messages = { [Section in keyof typeof en]: Translated<(typeof en)[Section]> };
type Translated<T> = {
  [Key in keyof T]: T[Key] extends (...values: infer Values) => string
    ? (...values: Values) => string
    : string;
};

const ALL: Record<Language, Messages> = { en, fr };

/** The languages that the browser prefers, best first. Empty in unit tests, which have no browser. */
export const tags: readonly string[] = globalThis.navigator?.languages ?? [];

function preferredLanguage(): Language {
  const first = tags.find((tag) => /^(en|fr)\b/i.test(tag));
  return first?.toLowerCase().startsWith("fr") ? "fr" : "en";
}

const saved = readStored<unknown>("language", null);
export const language = signal<Language>(saved === "en" || saved === "fr" ? saved : preferredLanguage());

/** The texts in the current language, as in `t.value.write.generate`. */
export const t = computed(() => ALL[language.value]);

effect(() => {
  if (globalThis.document) document.documentElement.lang = language.value;
  writeStored("language", language.value);
});
