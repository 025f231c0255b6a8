/** The workers sorted, named and told apart. */

import type { Queue, ServedModel, Worker } from "./types";

/** Of the process that speaks nothing. */
const HOUSEKEEPER = "ops";

export interface Crew {
  speaking: readonly Worker[];
  housekeepers: readonly Worker[];
  /** Stopped or fallen silent. */
  gone: readonly Worker[];
}

/** By their names, so that nobody jumps about from reading to reading. */
export function crewOf(workers: readonly Worker[]): Crew {
  const alive = workers.filter((worker) => worker.alive).sort((a, b) => collate(nameOf(a), nameOf(b)));
  return {
    speaking: alive.filter((worker) => worker.flavour !== HOUSEKEEPER),
    housekeepers: alive.filter((worker) => worker.flavour === HOUSEKEEPER),
    gone: workers.filter((worker) => !worker.alive),
  };
}

function collate(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

/** An id is `hibari+kokoro@machine:pid`, of which people look for the machine. */
export function nameOf(worker: Pick<Worker, "id" | "pid">): string {
  const [, machine] = /@(.+):\d+$/.exec(worker.id) ?? [];
  return machine ? `${machine} · ${worker.pid}` : worker.id;
}

export type Standing = "trouble" | "in_use" | "loaded" | "asleep";

export function standingOf(model: Pick<ServedModel, "loaded" | "in_use" | "trouble">): Standing {
  if (model.trouble !== null) return "trouble";
  if (model.in_use) return "in_use";
  return model.loaded ? "loaded" : "asleep";
}

/** From 0 to 1; null while nobody knows how much there is. */
export function progressOf(held: { segments_done: number; segments_total: number | null }): number | null {
  if (!held.segments_total) return null;
  return Math.min(1, held.segments_done / held.segments_total);
}

/** Those in which something happens first, the fullest of them first; idle ones by name. */
export function sortedQueues(queues: readonly Queue[]): readonly Queue[] {
  const load = (queue: Queue): number => queue.queued + queue.running;
  return [...queues].sort((a, b) => load(b) - load(a) || collate(a.queue, b.queue));
}

/** How long a bar is beside the longest one, from 0 to 1; what is not nothing is seen. */
export function shareOf(value: number, most: number): number {
  if (value <= 0 || most <= 0) return 0;
  return Math.max(0.02, Math.min(1, value / most));
}

export function ageS(iso: string | null, nowMs: number): number | null {
  return iso === null ? null : Math.max(0, (nowMs - Date.parse(iso)) / 1000);
}
