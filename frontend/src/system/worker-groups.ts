/** The workers sorted, named and told apart. */

import type { Queue, ServedModel, Worker } from "./types";

/** Of the process that speaks nothing. */
const OPS_FLAVOUR = "ops";

export interface WorkerGroups {
  speaking: readonly Worker[];
  ops: readonly Worker[];
  /** Stopped or fallen silent. */
  inactive: readonly Worker[];
}

/** By their names, so that nobody jumps about from reading to reading. */
export function groupWorkers(workers: readonly Worker[]): WorkerGroups {
  const alive = workers.filter((worker) => worker.alive).sort((a, b) => compareNames(workerName(a), workerName(b)));
  return {
    speaking: alive.filter((worker) => worker.flavour !== OPS_FLAVOUR),
    ops: alive.filter((worker) => worker.flavour === OPS_FLAVOUR),
    inactive: workers.filter((worker) => !worker.alive),
  };
}

function compareNames(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

/** An id is `hibari+kokoro@machine:pid`, of which people look for the machine. */
export function workerName(worker: Pick<Worker, "id" | "pid">): string {
  const [, machine] = /@(.+):\d+$/.exec(worker.id) ?? [];
  return machine ? `${machine} · ${worker.pid}` : worker.id;
}

export type ModelStatus = "trouble" | "in_use" | "loaded" | "unloaded";

export function modelStatus(model: Pick<ServedModel, "loaded" | "in_use" | "trouble">): ModelStatus {
  if (model.trouble !== null) return "trouble";
  if (model.in_use) return "in_use";
  return model.loaded ? "loaded" : "unloaded";
}

/** From 0 to 1; null while nobody knows how much there is. */
export function partProgress(part: { segments_done: number; segments_total: number | null }): number | null {
  if (!part.segments_total) return null;
  return Math.min(1, part.segments_done / part.segments_total);
}

/** Those in which something happens first, the fullest of them first; idle ones by name. */
export function sortQueues(queues: readonly Queue[]): readonly Queue[] {
  const load = (queue: Queue): number => queue.queued + queue.running;
  return [...queues].sort((a, b) => load(b) - load(a) || compareNames(a.queue, b.queue));
}

/** How long a bar is beside the longest one, from 0 to 1; what is not nothing is seen. */
export function barFraction(value: number, max: number): number {
  if (value <= 0 || max <= 0) return 0;
  return Math.max(0.02, Math.min(1, value / max));
}

export function ageS(iso: string | null, nowMs: number): number | null {
  return iso === null ? null : Math.max(0, (nowMs - Date.parse(iso)) / 1000);
}
