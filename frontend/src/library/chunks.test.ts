import { expect, it } from "vitest";
import { chunks } from "./chunks";

it("splits a list in order into chunks that are never empty", () => {
  expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(chunks([1, 2], 2)).toEqual([[1, 2]]);
  expect(chunks([], 2)).toEqual([]);
  expect(chunks([1, 2], 0)).toEqual([[1], [2]]);
});
