import { expect, test } from "vitest";
import { nextTabIndex } from "./tabs";

test("arrow keys wrap around, Home and End move to the first and last tab", () => {
  expect(nextTabIndex(0, "ArrowRight", 3)).toBe(1);
  expect(nextTabIndex(2, "ArrowRight", 3)).toBe(0);
  expect(nextTabIndex(0, "ArrowLeft", 3)).toBe(2);
  expect(nextTabIndex(1, "Home", 3)).toBe(0);
  expect(nextTabIndex(1, "End", 3)).toBe(2);
});

test("other keys move to no tab", () => {
  expect(nextTabIndex(1, "ArrowDown", 3)).toBe(-1);
  expect(nextTabIndex(1, "a", 3)).toBe(-1);
});
