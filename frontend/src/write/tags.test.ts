import { expect, test } from "vitest";
import { isPhonemes, pauseDurationS, TAG, totalPausesS, voiceIdOf, withSpacing } from "./tags";

test("tags are found and other brackets are ignored", () => {
  const text = "A [pause:0.8s] b [voice:hibari_heart] [Nguyen](/wɪn/) [a link](https://x.y) [pause :1s] [pause] [1]";
  expect(text.match(TAG)).toEqual(["[pause:0.8s]", "[voice:hibari_heart]", "[Nguyen](/wɪn/)", "[pause :1s]", "[pause]"]);
});

test("phonemes are between slashes", () => {
  expect(isPhonemes(" /wɪn/ ")).toBe(true);
  expect(isPhonemes("win")).toBe(false);
  expect(isPhonemes("//")).toBe(false);
});

test("spaces separate a tag from the words beside it", () => {
  expect(withSpacing("[pause:1s]", "word", "next")).toBe(" [pause:1s] ");
  expect(withSpacing("[pause:1s]", "", " next")).toBe("[pause:1s]");
});

test("pause durations are read as the service reads them", () => {
  const tags = ["[pause:0.8s]", "[PAUSE: 300ms]", "[pause:2]", "[pause:.5 s]", "[pause:99s]", "[pause:long]", "[pause]"];
  expect(tags.map(pauseDurationS)).toEqual([0.8, 0.3, 2, 0.5, null, null, 0.5]);
  expect(totalPausesS("a [pause:1s] b [pause:500ms] [pause:no] [pause]")).toBe(2);
});

test("a voice tag gives the id of its voice", () => {
  expect([voiceIdOf("[voice: af_heart ]"), voiceIdOf("[voice:]"), voiceIdOf("[pause:1s]")]).toEqual([
    "af_heart",
    "",
    null,
  ]);
});
