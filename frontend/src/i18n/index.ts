/** The page in the languages it speaks. English is the measure: a message that French lacks does not compile. */

import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "../state/storage";
import * as en from "./en";
import * as fr from "./fr";

export type Language = "en" | "fr";
export type Messages = { [Part in keyof typeof en]: Said<(typeof en)[Part]> };
type Said<T> = { [Key in keyof T]: T[Key] extends (...given: infer Given) => string ? (...given: Given) => string : string };

const ALL: Record<Language, Messages> = { en, fr };

/** What the browser asks for, best first; there is none where tests run. */
export const tags: readonly string[] = globalThis.navigator?.languages ?? [];

function preferred(): Language {
  const first = tags.find((tag) => /^(en|fr)\b/i.test(tag));
  return first?.toLowerCase().startsWith("fr") ? "fr" : "en";
}

const kept = recall<unknown>("language", null);
export const language = signal<Language>(kept === "en" || kept === "fr" ? kept : preferred());

/** Read as `t.value.write.speak`. */
export const t = computed(() => ALL[language.value]);

effect(() => {
  if (globalThis.document) document.documentElement.lang = language.value;
  remember("language", language.value);
});
