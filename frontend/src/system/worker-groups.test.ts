import { expect, test } from "vitest";
import type { Worker } from "./types";
import { groupWorkers, modelStatus, partProgress, workerName } from "./worker-groups";

function worker(id: string, more: Partial<Worker> = {}): Worker {
  return {
    id,
    alive: true,
    stopped: false,
    flavour: "base",
    version: "1",
    device: "CPU",
    pid: Number.parseInt(id.split(":")[1] ?? "0"),
    started_at: "2026-01-01T00:00:00Z",
    heartbeat_at: "2026-01-01T00:00:00Z",
    memory_bytes: null,
    engine_processes: 1,
    formats: [],
    models: [],
    holding: [],
    ...more,
  };
}

test("workers are named by machine and process, and sorted by name", () => {
  const groups = groupWorkers([
    worker("hibari@den:20-0a1b2c"),
    worker("ops@den:3", { flavour: "ops" }),
    worker("hibari@den:9"),
  ]);
  expect(groups.speaking.map(workerName)).toEqual(["den · 9", "den · 20"]);
  expect(groups.ops.map(workerName)).toEqual(["den · 3"]);
});

test("a worker id of another form is shown unchanged", () => {
  expect(workerName({ id: "somebody", pid: 4 })).toBe("somebody");
});

test("workers that are not alive are listed apart, ops workers included", () => {
  const groups = groupWorkers([
    worker("a@x:1", { alive: false, stopped: true }),
    worker("ops@x:2", { alive: false, flavour: "ops" }),
  ]);
  expect(groups.inactive).toHaveLength(2);
  expect(groups.speaking).toEqual([]);
  expect(groups.ops).toEqual([]);
});

test("trouble takes precedence in the status of a model", () => {
  expect(modelStatus({ loaded: true, in_use: true, trouble: "no memory" })).toBe("trouble");
  expect(modelStatus({ loaded: true, in_use: true, trouble: null })).toBe("in_use");
  expect(modelStatus({ loaded: true, in_use: false, trouble: null })).toBe("loaded");
  expect(modelStatus({ loaded: false, in_use: false, trouble: null })).toBe("unloaded");
});

test("the progress of a part is unknown until its text is split into segments", () => {
  expect(partProgress({ segments_done: 0, segments_total: null })).toBeNull();
  expect(partProgress({ segments_done: 3, segments_total: 4 })).toBe(0.75);
});
