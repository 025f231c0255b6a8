/** Sorts queues by load and scales their bars. */

import { compareNames } from "./sorting";
import type { Queue } from "./types";

export function loadOf(queue: Queue): number {
  return queue.queued + queue.running;
}

/** Sorts by load, highest first; queues of equal load by name. */
export function sortQueues(queues: readonly Queue[]): readonly Queue[] {
  return [...queues].sort((a, b) => loadOf(b) - loadOf(a) || compareNames(a.queue, b.queue));
}

/** Returns the length of a bar relative to the longest, from 0 to 1. A value above 0 always stays visible. */
export function barFraction(value: number, max: number): number {
  if (value <= 0 || max <= 0) return 0;
  return Math.max(0.02, Math.min(1, value / max));
}
