import { expect, test } from "vitest";
import { isPhonemes, spaced, TAG } from "./tags";

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
