/** The health of the service, polled while the page is visible. */

import { computed, signal } from "@preact/signals";
import { api, dataOf, type Health } from "../api/client";

export const health = signal<Health | null>(null);
export const reachable = signal(true);

/** The maximum number of ids in one batch request. */
export const maxBatchIds = computed(() => health.value?.limits?.max_batch_ids ?? 500);

const POLL_INTERVAL_MS = 10_000;

async function checkHealth(): Promise<void> {
  if (document.hidden) return;
  try {
    health.value = await dataOf(api.GET("/health", { signal: AbortSignal.timeout(5000) }));
    reachable.value = true;
  } catch {
    reachable.value = false;
  }
}

export function pollHealth(): void {
  void checkHealth();
  setInterval(() => void checkHealth(), POLL_INTERVAL_MS);
  addEventListener("online", () => void checkHealth());
  document.addEventListener("visibilitychange", () => void checkHealth());
}
