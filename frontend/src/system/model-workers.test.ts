import { expect, test } from "vitest";
import { countServing, hasCompatibleWorker, setupCommand } from "./model-workers";

test("only alive workers serve a model", () => {
  expect(countServing({ workers: [{ alive: true }, { alive: false }, { alive: true }] })).toBe(2);
});

test("an alive worker of the right flavour is compatible", () => {
  const workers = [
    { alive: true, flavour: "base" },
    { alive: true, flavour: "torch" },
    { alive: false, flavour: "parler" },
  ];
  expect(
    ["hibari", "kokoro", "bark", "mms", "parler"].map((alias) => hasCompatibleWorker(alias, workers)),
  ).toEqual([true, true, true, true, false]);
  expect(hasCompatibleWorker("kokoro", [{ alive: true, flavour: "ops" }])).toBe(false);
});

test("a model that needs another flavour than base has a setup command", () => {
  expect(["parler", "bark", "speecht5", "mms"].map(setupCommand)).toEqual([
    "make setup-parler",
    "make setup-torch",
    "make setup-torch",
    "make setup-torch",
  ]);
  expect(setupCommand("hibari")).toBeNull();
});
