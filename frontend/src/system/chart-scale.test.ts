import { expect, test } from "vitest";
import { labelIndices, linearTicks, needsLogScale, spreadLabels, timeTicks } from "./chart-scale";

test("labels do not overlap, and the last point has one", () => {
  expect(labelIndices(7, 700, 60)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(labelIndices(90, 700, 60)).toEqual([5, 17, 29, 41, 53, 65, 77, 89]);
  expect(labelIndices(24, 300, 60)).toEqual([5, 11, 17, 23]);
  expect(labelIndices(0, 300, 60)).toEqual([]);
  expect(labelIndices(30, 10, 60)).toEqual([29]);
});

test("linear ticks are round numbers from zero to at least the maximum", () => {
  expect(linearTicks(87)).toEqual([0, 50, 100]);
  expect(linearTicks(4)).toEqual([0, 1, 2, 3, 4]);
  expect(linearTicks(0.7)).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  expect(linearTicks(0)).toEqual([0, 1]);
});

test("integer ticks have no fractions", () => {
  expect(linearTicks(1, { integers: true })).toEqual([0, 1]);
  expect(linearTicks(2, { integers: true })).toEqual([0, 1, 2]);
});

test("time ticks are round durations", () => {
  expect(timeTicks(30, 900)).toEqual([20, 50, 100, 200, 500, 1000]);
  expect(timeTicks(3, 45_000)).toEqual([1, 10, 100, 1000, 10_000, 60_000]);
});

test("values that differ much need a logarithmic scale", () => {
  expect(needsLogScale([10, 30, 150])).toBe(false);
  expect(needsLogScale([10, 0, 2500])).toBe(true);
  expect(needsLogScale([])).toBe(false);
});

test("overlapping labels move apart, within the chart", () => {
  expect(spreadLabels([50, 52, 100], { gap: 14, low: 0, high: 200 })).toEqual([50, 64, 100]);
  expect(spreadLabels([198, 199], { gap: 14, low: 0, high: 200 })).toEqual([186, 200]);
  expect(spreadLabels([30, 10], { gap: 14, low: 0, high: 200 })).toEqual([30, 10]);
});
