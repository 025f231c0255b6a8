/** Who takes jobs of a family, and what makes somebody do so. */

import type { Model } from "./types";

/** Builds an environment with the libraries of a family; of the others every installation has them. */
const SETUPS: Record<string, string> = {
  parler: "make setup-parler",
  bark: "make setup-torch",
  speecht5: "make setup-torch",
  mms: "make setup-torch",
};

type Served = { workers: readonly Pick<Model["workers"][number], "alive">[] };

/** How many living workers take its jobs. */
export function servingOf(model: Served): number {
  return model.workers.filter((worker) => worker.alive).length;
}

export function isServed(model: Served): boolean {
  return servingOf(model) > 0;
}

/** Null where nothing is lacking but a worker. */
export function setupOf(alias: string): string | null {
  return SETUPS[alias] ?? null;
}
