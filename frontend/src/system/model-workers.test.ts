import { expect, test } from "vitest";
import { hasCompatibleWorker, countServing, setupCommand } from "./model-workers";

test("only who lives serves", () => {
  expect(countServing({ workers: [{ alive: true }, { alive: false }, { alive: true }] })).toBe(2);
});

test("who has the libraries of a family could speak with it, if it lives", () => {
  const workers = [
    { alive: true, flavour: "base" },
    { alive: true, flavour: "torch" },
    { alive: false, flavour: "parler" },
  ];
  expect(["hibari", "kokoro", "bark", "mms", "parler"].map((alias) => hasCompatibleWorker(alias, workers))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
  expect(hasCompatibleWorker("kokoro", [{ alive: true, flavour: "ops" }])).toBe(false);
});

test("each family says which environment it wants, if it wants another than all have", () => {
  expect(["parler", "bark", "speecht5", "mms"].map(setupCommand)).toEqual([
    "make setup-parler",
    "make setup-torch",
    "make setup-torch",
    "make setup-torch",
  ]);
  expect(setupCommand("hibari")).toBeNull();
});
