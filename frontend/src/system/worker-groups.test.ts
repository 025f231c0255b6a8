import { expect, test } from "vitest";
import { ageS, groupWorkers, workerName, partProgress, barFraction, sortQueues, modelStatus } from "./worker-groups";
import type { Queue, Worker } from "./types";

function worker(id: string, more: Partial<Worker> = {}): Worker {
  return {
    id,
    alive: true,
    stopped: false,
    flavour: "base",
    version: "1",
    device: "CPU",
    pid: Number(id.split(":")[1] ?? 0),
    started_at: "2026-01-01T00:00:00Z",
    heartbeat_at: "2026-01-01T00:00:00Z",
    memory_bytes: null,
    formats: [],
    models: [],
    holding: [],
    ...more,
  };
}

function queue(name: string, queued: number, running = 0): Queue {
  return { queue: name, model: name, lane: "bulk", queued, queued_is_at_least: false, running, oldest_at: null, workers: 1 };
}

test("workers are known by machine and process, in a steady order", () => {
  const groups = groupWorkers([worker("hibari@den:20"), worker("ops@den:3", { flavour: "ops" }), worker("hibari@den:9")]);
  expect(groups.speaking.map(workerName)).toEqual(["den · 9", "den · 20"]);
  expect(groups.ops.map(workerName)).toEqual(["den · 3"]);
});

test("an id of another shape is shown as it is", () => {
  expect(workerName({ id: "somebody", pid: 4 })).toBe("somebody");
});

test("who does not live any more stands apart, also a housekeeper", () => {
  const groups = groupWorkers([worker("a@x:1", { alive: false, stopped: true }), worker("ops@x:2", { alive: false, flavour: "ops" })]);
  expect(groups.inactive).toHaveLength(2);
  expect(groups.speaking).toEqual([]);
  expect(groups.ops).toEqual([]);
});

test("trouble is said before anything else of a model", () => {
  expect(modelStatus({ loaded: true, in_use: true, trouble: "no memory" })).toBe("trouble");
  expect(modelStatus({ loaded: true, in_use: true, trouble: null })).toBe("in_use");
  expect(modelStatus({ loaded: true, in_use: false, trouble: null })).toBe("loaded");
  expect(modelStatus({ loaded: false, in_use: false, trouble: null })).toBe("unloaded");
});

test("progress is unknown until the text is cut", () => {
  expect(partProgress({ segments_done: 0, segments_total: null })).toBeNull();
  expect(partProgress({ segments_done: 3, segments_total: 4 })).toBe(0.75);
});

test("full queues come first, idle ones by name", () => {
  const sorted = sortQueues([queue("b", 0), queue("a", 0), queue("c", 1, 1), queue("d", 40)]);
  expect(sorted.map((one) => one.queue)).toEqual(["d", "c", "a", "b"]);
});

test("a bar of little is still seen, and one of nothing is not", () => {
  expect(barFraction(1, 10_000)).toBe(0.02);
  expect(barFraction(0, 10)).toBe(0);
  expect(barFraction(5, 10)).toBe(0.5);
});

test("clocks that differ make nobody younger than nothing", () => {
  expect(ageS("2026-01-01T00:00:10Z", Date.parse("2026-01-01T00:00:00Z"))).toBe(0);
  expect(ageS(null, 0)).toBeNull();
});
