import { describe, expect, it } from "vitest";
import { filterOptions } from "./filter-options";

const VOICES = [
  { id: "kokoro_zoe", name: "Zoe", model: "kokoro", available: true },
  { id: "kokoro_emma", name: "Emma", model: "kokoro", available: true },
  { id: "bark_4", name: "Four", model: "bark", available: false },
  { id: "bark_5", name: "Five", model: "bark", available: false },
];
const nameOf = (model: string): string => model.toUpperCase();

describe("filterOptions", () => {
  it("lists available voices, sorted by name", () => {
    const options = filterOptions(VOICES, new Map(), nameOf);
    expect(options.map((model) => model.name)).toEqual(["KOKORO"]);
    expect(options[0]?.voices.map((voice) => voice.name)).toEqual(["Emma", "Zoe"]);
  });

  it("adds voices of recordings that are unavailable or unknown", () => {
    const recordedVoices = new Map([
      ["bark_5", "bark"],
      ["old_voice", "old"],
      ["kokoro_zoe", "kokoro"],
    ]);
    const options = filterOptions(VOICES, recordedVoices, nameOf);
    expect(options.map((model) => model.alias)).toEqual(["bark", "kokoro", "old"]);
    expect(options[0]?.voices.map((voice) => voice.name)).toEqual(["Five"]);
    expect(options[2]?.voices.map((voice) => voice.name)).toEqual(["old_voice"]);
    expect(options[1]?.voices).toHaveLength(2);
  });
});
