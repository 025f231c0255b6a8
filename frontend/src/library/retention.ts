/** How long recordings are kept, and the exemption of single ones. */

import { signal } from "@preact/signals";
import { api, dataOf, Failure, type Recording, type Retention } from "../api/client";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { explain } from "../ui/state";
import { recordings } from "./recordings";

/** Null until the service has answered. */
export const retention = signal<Retention | null>(null);

const HOUR_MS = 3_600_000;

/** Without an answer the screen shows no limits. */
export async function loadRetention(): Promise<void> {
  retention.value = await dataOf(api.GET("/maintenance/retention")).catch(() => retention.value);
}

/** True within a day of its deletion, or within half of a shorter age limit, as the service counts `due`. */
export function expiresSoon(expiresAt: string | null, nowMs: number): boolean {
  const maxAgeHours = retention.value?.max_age_hours ?? Number.POSITIVE_INFINITY;
  return expiresAt !== null && Date.parse(expiresAt) - nowMs < Math.min(24, maxAgeHours / 2) * HOUR_MS;
}

/** Exempts a recording from the retention, or no longer. Throws a `Failure`. */
export async function setKept(jobId: string, kept: boolean): Promise<Recording> {
  const params = { path: { job_id: jobId } };
  const changed = await dataOf(api.PATCH("/history/{job_id}", { params, body: { kept } }));
  recordings.update(jobId, { isKept: changed.kept, expiresAt: changed.expires_at });
  void loadRetention();
  return changed;
}

/** As `setKept`, for several recordings. Reports the first failure. */
export async function keepAll(jobIds: readonly string[], kept: boolean): Promise<void> {
  try {
    for (const jobId of jobIds) await setKept(jobId, kept);
  } catch (cause) {
    showNotice(cause instanceof Failure ? explain(cause) : String(cause), { kind: "bad" });
    return;
  }
  const texts = t.value.library;
  showNotice(kept ? texts.nowKept(jobIds.length) : texts.notKept(jobIds.length));
}
