import { expect, test } from "vitest";
import { isServed, servingOf, setupOf } from "./serving";

test("only who lives serves", () => {
  expect(servingOf({ workers: [{ alive: true }, { alive: false }, { alive: true }] })).toBe(2);
  expect(isServed({ workers: [{ alive: false }] })).toBe(false);
});

test("each family says which environment it wants, if it wants another than all have", () => {
  expect(["parler", "bark", "speecht5", "mms"].map(setupOf)).toEqual([
    "make setup-parler",
    "make setup-torch",
    "make setup-torch",
    "make setup-torch",
  ]);
  expect(setupOf("hibari")).toBeNull();
});
