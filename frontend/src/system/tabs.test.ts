import { expect, test } from "vitest";
import { nextTabIndex } from "./tabs";

test("arrows walk round, Home and End go to the edges", () => {
  expect(nextTabIndex(0, "ArrowRight", 3)).toBe(1);
  expect(nextTabIndex(2, "ArrowRight", 3)).toBe(0);
  expect(nextTabIndex(0, "ArrowLeft", 3)).toBe(2);
  expect(nextTabIndex(1, "Home", 3)).toBe(0);
  expect(nextTabIndex(1, "End", 3)).toBe(2);
});

test("other keys do what they always do", () => {
  expect(nextTabIndex(1, "ArrowDown", 3)).toBe(-1);
  expect(nextTabIndex(1, "a", 3)).toBe(-1);
});
