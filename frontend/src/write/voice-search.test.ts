import { expect, test } from "vitest";
import type { Voice } from "../api/client";
import { filterOptions, NO_FILTERS, searchVoices } from "./voice-search";

const voice = (id: string, properties: Partial<Voice>): Voice =>
  ({
    id,
    name: id,
    model: "kokoro",
    languages: ["en-US"],
    gender: "female",
    available: true,
    ...properties,
  }) as Voice;

const VOICES = [
  voice("b_unavailable", { available: false, languages: ["fr-FR"], name: "Élodie" }),
  voice("a_available", { languages: ["en-GB"], gender: "male" }),
  voice("mms_fra", { model: "mms", languages: ["fr"], gender: "neutral" }),
];

const ids = (found: readonly Voice[]): string[] => found.map((one) => one.id);

test("available voices come first", () => {
  expect(ids(searchVoices(VOICES, NO_FILTERS))).toEqual(["a_available", "mms_fra", "b_unavailable"]);
});

test("the query ignores case and accents, and matches names of languages", () => {
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, query: "elod" }))).toEqual(["b_unavailable"]);
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, query: "MMS french" }))).toEqual(["mms_fra"]);
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, query: "nobody" }))).toEqual([]);
});

test("voices are filtered by language, model, gender and availability", () => {
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, language: "fr" }))).toEqual(["mms_fra", "b_unavailable"]);
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, language: "fr", onlyAvailable: true }))).toEqual([
    "mms_fra",
  ]);
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, gender: "male" }))).toEqual(["a_available"]);
  expect(ids(searchVoices(VOICES, { ...NO_FILTERS, model: "mms" }))).toEqual(["mms_fra"]);
});

test("filters offer the values that the voices have", () => {
  expect(filterOptions(VOICES, "language")).toEqual(["en", "fr"]);
  expect(filterOptions(VOICES, "model")).toEqual(["kokoro", "mms"]);
});
