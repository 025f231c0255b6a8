import { expect, test } from "vitest";
import { parseSettings } from "./settings";

const DEFAULTS = parseSettings(null);

test("valid stored settings are read back unchanged", () => {
  const stored = {
    ...DEFAULTS,
    voiceId: "af_heart",
    speed: 1.25,
    format: "flac",
    lane: "bulk",
    lexicon: { Nguyen: "win" },
  };
  expect(parseSettings(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
});

test("invalid stored values become the defaults", () => {
  for (const invalid of [
    5,
    "x",
    [],
    { lexicon: null },
    { speed: "fast" },
    { format: "exe", lane: 1, voiceId: {} },
  ]) {
    expect(parseSettings(invalid)).toEqual(DEFAULTS);
  }
  expect(parseSettings({ lexicon: { a: 1, b: "two" } }).lexicon).toEqual({ b: "two" });
});
