/** Who takes jobs of a family, and what makes somebody do so. */

import type { Model, Worker } from "./types";

/** The environment with the libraries of a family; every installation has that of the others. */
const FLAVOURS: Record<string, string> = { parler: "parler", bark: "torch", speecht5: "torch", mms: "torch" };

/** How many living workers take its jobs. */
export function countServing(model: { workers: readonly Pick<Model["workers"][number], "alive">[] }): number {
  return model.workers.filter((worker) => worker.alive).length;
}

/** Whether a living worker can speak with it, or could if it had the weights. */
export function hasCompatibleWorker(alias: string, workers: readonly Pick<Worker, "alive" | "flavour">[]): boolean {
  return workers.some((worker) => worker.alive && worker.flavour === flavourOf(alias));
}

/** The command that builds its environment; null where every installation has it. */
export function setupCommand(alias: string): string | null {
  return flavourOf(alias) === "base" ? null : `make setup-${flavourOf(alias)}`;
}

function flavourOf(alias: string): string {
  return FLAVOURS[alias] ?? "base";
}
