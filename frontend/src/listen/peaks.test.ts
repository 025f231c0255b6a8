import { expect, test } from "vitest";
import { computePeaks, decodePcm } from "./peaks";

test("a peak is the largest absolute value of its interval", () => {
  expect([...computePeaks(Float32Array.from([0, -1, 0.5, 0.25]), 2)]).toEqual([1, 0.5]);
  expect([...computePeaks(new Float32Array(0), 3)]).toEqual([0, 0, 0]);
  expect(computePeaks(new Float32Array(10).fill(0.5), 1200).some((peak) => peak === 0.5)).toBe(true);
});

test("PCM is decoded to values from -1 to 1", () => {
  expect([...decodePcm(new Uint8Array([0, 0x80, 0xff, 0x3f, 0]).buffer)]).toEqual([-1, 16383 / 32768]);
});
