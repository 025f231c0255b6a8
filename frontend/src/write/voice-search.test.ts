import { expect, test } from "vitest";
import type { Voice } from "../api/client";
import { ANY, choices, search } from "./voice-search";

const voice = (id: string, some: Partial<Voice>): Voice =>
  ({ id, name: id, model: "kokoro", languages: ["en-US"], gender: "female", available: true, ...some }) as Voice;

const ALL = [
  voice("b_away", { available: false, languages: ["fr-FR"], name: "Élodie" }),
  voice("a_here", { languages: ["en-GB"], gender: "male" }),
  voice("mms_fra", { model: "mms", languages: ["fr"], gender: "neutral" }),
];

const ids = (found: readonly Voice[]): string[] => found.map((one) => one.id);

test("those that can speak come first", () => {
  expect(ids(search(ALL, ANY))).toEqual(["a_here", "mms_fra", "b_away"]);
});

test("by words whatever their case and accents, also by the name of the language", () => {
  expect(ids(search(ALL, { ...ANY, words: "elod" }))).toEqual(["b_away"]);
  expect(ids(search(ALL, { ...ANY, words: "MMS french" }))).toEqual(["mms_fra"]);
  expect(ids(search(ALL, { ...ANY, words: "nobody" }))).toEqual([]);
});

test("by language, model, gender, and whether it can speak", () => {
  expect(ids(search(ALL, { ...ANY, language: "fr" }))).toEqual(["mms_fra", "b_away"]);
  expect(ids(search(ALL, { ...ANY, language: "fr", onlyAvailable: true }))).toEqual(["mms_fra"]);
  expect(ids(search(ALL, { ...ANY, gender: "male" }))).toEqual(["a_here"]);
  expect(ids(search(ALL, { ...ANY, model: "mms" }))).toEqual(["mms_fra"]);
});

test("the choices are those that there are", () => {
  expect(choices(ALL, "language")).toEqual(["en", "fr"]);
  expect(choices(ALL, "model")).toEqual(["kokoro", "mms"]);
});
