import { expect, test } from "vitest";
import { stepped } from "./tabs";

test("arrows walk round, Home and End go to the edges", () => {
  expect(stepped(0, "ArrowRight", 3)).toBe(1);
  expect(stepped(2, "ArrowRight", 3)).toBe(0);
  expect(stepped(0, "ArrowLeft", 3)).toBe(2);
  expect(stepped(1, "Home", 3)).toBe(0);
  expect(stepped(1, "End", 3)).toBe(2);
});

test("other keys do what they always do", () => {
  expect(stepped(1, "ArrowDown", 3)).toBe(-1);
  expect(stepped(1, "a", 3)).toBe(-1);
});
