import { expect, test } from "vitest";
import { fromRaw, loudest } from "./peaks";

test("the loudest of each stretch, whatever its sign", () => {
  expect([...loudest(Float32Array.from([0, -1, 0.5, 0.25]), 2)]).toEqual([1, 0.5]);
  expect([...loudest(new Float32Array(0), 3)]).toEqual([0, 0, 0]);
  expect(loudest(new Float32Array(10).fill(0.5), 1200).some((peak) => peak === 0.5)).toBe(true);
});

test("raw samples are read as they are", () => {
  expect([...fromRaw(new Uint8Array([0, 0x80, 0xff, 0x3f, 0]).buffer)]).toEqual([-1, 16383 / 32768]);
});
