import { describe, expect, it, vi } from "vitest";

vi.mock("./index", () => ({ language: { value: "en" }, tags: [] }));
const { soundLength } = await import("./formats");

describe("how long a sound is", () => {
  it.each([
    [0.02, "0.1\u00a0s"],
    [0.94, "0.9\u00a0s"],
    [9.94, "9.9\u00a0s"],
    [9.97, "0:10"],
    [187.9, "3:07"],
  ])("%d seconds are %s", (seconds, said) => {
    expect(soundLength(seconds)).toBe(said);
  });

  it("is nothing where there is none", () => {
    expect(soundLength(0)).toBe("0.0\u00a0s");
  });
});
