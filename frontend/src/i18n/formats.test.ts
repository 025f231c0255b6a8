import { describe, expect, it, vi } from "vitest";

vi.mock("./index", () => ({ language: { value: "en" }, tags: [] }));
const { soundLength } = await import("./formats");

describe("soundLength", () => {
  it.each([
    [0.02, "0.1\u00a0s"],
    [0.94, "0.9\u00a0s"],
    [9.94, "9.9\u00a0s"],
    [9.97, "0:10"],
    [187.9, "3:07"],
  ])("formats %d seconds as %s", (seconds, expected) => {
    expect(soundLength(seconds)).toBe(expected);
  });

  it("formats an empty sound as zero seconds", () => {
    expect(soundLength(0)).toBe("0.0\u00a0s");
  });
});
