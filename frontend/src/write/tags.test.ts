import { expect, test } from "vitest";
import { isPhonemes, pauseS, pausesS, spaced, TAG, voiceOf } from "./tags";

test("tags are found, other brackets are left alone", () => {
  const text = "A [pause:0.8s] b [voice:hibari_heart] [Nguyen](/wɪn/) [a link](https://x.y) [pause :1s] [1]";
  expect(text.match(TAG)).toEqual([
    "[pause:0.8s]",
    "[voice:hibari_heart]",
    "[Nguyen](/wɪn/)",
    "[pause :1s]",
  ]);
});

test("phonemes stand between slashes", () => {
  expect(isPhonemes(" /wɪn/ ")).toBe(true);
  expect(isPhonemes("win")).toBe(false);
  expect(isPhonemes("//")).toBe(false);
});

test("a tag does not stick to words", () => {
  expect(spaced("[pause:1s]", "word", "next")).toBe(" [pause:1s] ");
  expect(spaced("[pause:1s]", "", " next")).toBe("[pause:1s]");
});

test("how long tags rest, as the service reads them", () => {
  const tags = ["[pause:0.8s]", "[PAUSE: 300ms]", "[pause:2]", "[pause:.5 s]", "[pause:99s]", "[pause:long]"];
  expect(tags.map(pauseS)).toEqual([0.8, 0.3, 2, 0.5, null, null]);
  expect(pausesS("a [pause:1s] b [pause:500ms] [pause:no]")).toBe(1.5);
});

test("which voice a tag names", () => {
  expect([voiceOf("[voice: af_heart ]"), voiceOf("[voice:]"), voiceOf("[pause:1s]")]).toEqual(["af_heart", "", null]);
});
