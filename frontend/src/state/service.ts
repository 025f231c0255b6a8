/** How the service is, asked for now and then while somebody looks. */

import { computed, signal } from "@preact/signals";
import { answer, api, type Health } from "../api/client";

export const health = signal<Health | null>(null);
export const reachable = signal(true);

/** How many recordings one request may name. */
export const maxBatchIds = computed(() => health.value?.limits?.max_batch_ids ?? 500);

const EVERY_MS = 10_000;

async function look(): Promise<void> {
  if (document.hidden) return;
  try {
    health.value = await answer(api.GET("/health", { signal: AbortSignal.timeout(5000) }));
    reachable.value = true;
  } catch {
    reachable.value = false;
  }
}

export function watchService(): void {
  void look();
  setInterval(() => void look(), EVERY_MS);
  addEventListener("online", () => void look());
  document.addEventListener("visibilitychange", () => void look());
}
