import { expect, test } from "vitest";
import { readDelivery } from "./draft";

const PLAIN = readDelivery(null);

test("what was kept is had again", () => {
  const kept = { ...PLAIN, voiceId: "af_heart", speed: 1.25, format: "flac", lane: "bulk", lexicon: { Nguyen: "win" } };
  expect(readDelivery(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
});

test("what does not fit is left aside", () => {
  for (const junk of [5, "x", [], { lexicon: null }, { speed: "fast" }, { format: "exe", lane: 1, voiceId: {} }]) {
    expect(readDelivery(junk)).toEqual(PLAIN);
  }
  expect(readDelivery({ lexicon: { a: 1, b: "two" } }).lexicon).toEqual({ b: "two" });
});
