/** Groups and names the workers, and derives the status of their models and the progress of their parts. */

import { compareNames } from "./sorting";
import type { ServedModel, Worker } from "./types";

/** The flavour of the worker that runs maintenance tasks and speaks no jobs. */
export const OPS_FLAVOUR = "ops";

export interface WorkerGroups {
  speaking: readonly Worker[];
  ops: readonly Worker[];
  /** Stopped, or without a recent heartbeat. */
  inactive: readonly Worker[];
}

/** Sorts alive workers by name, so that they keep their places from poll to poll. */
export function groupWorkers(workers: readonly Worker[]): WorkerGroups {
  const alive = workers
    .filter((worker) => worker.alive)
    .sort((a, b) => compareNames(workerName(a), workerName(b)));
  return {
    speaking: alive.filter((worker) => worker.flavour !== OPS_FLAVOUR),
    ops: alive.filter((worker) => worker.flavour === OPS_FLAVOUR),
    inactive: workers.filter((worker) => !worker.alive),
  };
}

/** Returns `machine · pid`. An id looks like `hibari+kokoro@machine:pid-0a1b2c`; any other one is returned unchanged. */
export function workerName(worker: Pick<Worker, "id" | "pid">): string {
  const [, machine] = /@(.+):\d+(?:-[0-9a-f]+)?$/.exec(worker.id) ?? [];
  return machine ? `${machine} · ${worker.pid}` : worker.id;
}

export type ModelStatus = "trouble" | "in_use" | "loaded" | "unloaded";

/** Returns the status of a model on one worker. Trouble takes precedence. */
export function modelStatus(model: Pick<ServedModel, "loaded" | "in_use" | "trouble">): ModelStatus {
  if (model.trouble !== null) return "trouble";
  if (model.in_use) return "in_use";
  return model.loaded ? "loaded" : "unloaded";
}

/** Returns the progress of a part from 0 to 1, or null while its number of segments is unknown. */
export function partProgress(part: { segments_done: number; segments_total: number | null }): number | null {
  if (!part.segments_total) return null;
  return Math.min(1, part.segments_done / part.segments_total);
}
