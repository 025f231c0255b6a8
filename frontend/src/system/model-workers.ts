/** Finds the workers that serve a model, or the command that sets one up. */

import type { Model, Worker } from "./types";

/** The flavour that a model needs. All other models need `base`, which every installation has. */
const FLAVOURS: Record<string, string> = { parler: "parler", bark: "torch", speecht5: "torch", mms: "torch" };

/** Returns the number of alive workers that serve a model. */
export function countServing(model: { workers: readonly Pick<Model["workers"][number], "alive">[] }): number {
  return model.workers.filter((worker) => worker.alive).length;
}

/** True if an alive worker has the flavour that a model needs, with or without its weights. */
export function hasCompatibleWorker(
  alias: string,
  workers: readonly Pick<Worker, "alive" | "flavour">[],
): boolean {
  return workers.some((worker) => worker.alive && worker.flavour === flavourOf(alias));
}

/** Returns the command that installs the flavour of a model; null if every installation has it. */
export function setupCommand(alias: string): string | null {
  return flavourOf(alias) === "base" ? null : `make setup-${flavourOf(alias)}`;
}

function flavourOf(alias: string): string {
  return FLAVOURS[alias] ?? "base";
}
