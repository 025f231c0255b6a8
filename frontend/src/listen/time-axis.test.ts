import { describe, expect, it } from "vitest";
import { axisTimesS } from "./time-axis";

describe("axisTimesS", () => {
  it.each([
    [0.4, [0]],
    [4, [0, 1, 2, 3]],
    [61, [0, 15, 30, 45]],
    [600, [0, 120, 240, 360, 480]],
    [36_000, [0, 7200, 14_400, 21_600, 28_800]],
  ])("of %d seconds are %j", (durationS, times) => {
    expect(axisTimesS(durationS)).toEqual(times);
  });
});
