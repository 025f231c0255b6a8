import { expect, test } from "vitest";
import {
  diskSize,
  isNonCommercial,
  missingDownload,
  missingWeightsDownload,
  needsConfirmation,
  needsGpu,
} from "./download-sizes";
import type { Model, Weights } from "./types";

function weights(key: string, more: Partial<Weights> = {}): Weights {
  return {
    key,
    need: "needed",
    state: "absent",
    revision: null,
    size_bytes: 0,
    sources: [],
    workers: [],
    download: null,
    ...more,
  };
}

function model(alias: string, sets: Weights[], more: Partial<Model> = {}): Model {
  return {
    alias,
    name: alias,
    hub_id: "",
    license: "MIT",
    runs_on: "CPU",
    need: "needed",
    state: "absent",
    revision: null,
    size_bytes: 0,
    present: false,
    downloadable: true,
    loaded: false,
    in_use: false,
    voices_present: 0,
    voices_known: 0,
    voices: [],
    weights: sets,
    workers: [],
    ...more,
  };
}

test("a partial download continues with the missing bytes", () => {
  const parler = model("parler", [weights("parler", { state: "partial", size_bytes: 3e9 })]);
  expect(missingDownload(parler)).toEqual({ name: "parler", bytes: 0.8e9 });
});

test("nothing is missing of complete weights", () => {
  expect(missingDownload(model("kokoro", [weights("kokoro", { state: "complete" })]))).toBeNull();
});

test("only needed weights are missing in a model with several", () => {
  const mms = model("mms", [
    weights("mms_eng", { state: "complete", size_bytes: 140e6 }),
    weights("mms_fra"),
    weights("mms_deu", { need: "optional" }),
  ]);
  expect(missingDownload(mms)).toEqual({ name: "mms", bytes: 150e6 });
  expect(missingWeightsDownload(mms, weights("mms_deu")).name).toBe("mms_deu");
});

test("Hibari is downloaded voice by voice", () => {
  const voices = ["a", "b", "c"].map((id, index) => ({ id, present: index === 0 }));
  const hibari = model("hibari", [weights("hibari", { state: "complete" })], { voices, voices_known: 3 });
  expect(missingDownload(hibari)).toEqual({ name: "hibari", bytes: 16e6 });
});

test("a measured size takes precedence over an estimate", () => {
  const there = weights("kokoro", { state: "complete", size_bytes: 341e6 });
  expect(diskSize(model("kokoro", [there]), [there])).toEqual({ bytes: 341e6, isEstimate: false });
  expect(diskSize(model("kokoro", []), [weights("kokoro")])).toEqual({ bytes: 350e6, isEstimate: true });
  expect(diskSize(model("new", []), [weights("new")])).toBeNull();
});

test("large, unknown and non-commercial downloads need confirmation", () => {
  const free = model("hibari", []);
  expect(needsConfirmation({ name: "hibari", bytes: 8e6 }, free)).toBe(false);
  expect(needsConfirmation({ name: "parler", bytes: 3.8e9 }, free)).toBe(true);
  expect(needsConfirmation({ name: "new", bytes: null }, free)).toBe(true);
  expect(needsConfirmation({ name: "mms", bytes: 1 }, model("mms", [], { license: "CC-BY-NC-4.0" }))).toBe(
    true,
  );
});

test("non-commercial licences and GPU models are recognized", () => {
  expect(isNonCommercial({ license: "CC-BY-NC-4.0" })).toBe(true);
  expect(isNonCommercial({ license: "Apache-2.0" })).toBe(false);
  expect(needsGpu({ runs_on: "GPU; very slow on a CPU" })).toBe(true);
  expect(needsGpu({ runs_on: "CPU or GPU" })).toBe(false);
});
