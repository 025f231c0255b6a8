/** Deleting recordings, and jobs that became none, from any screen: see removals.ts for how one can come back from it. */

import { dataOf, api, Failure } from "../api/client";
import { count } from "../i18n/formats";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import * as player from "../state/player";
import { maxBatchIds } from "../state/service";
import { STORAGE_PREFIX, readStored, writeStored } from "../state/storage";
import { explain } from "../ui/state";
import { chunks } from "./chunks";
import { createRemovals, type Batch, type Refusal } from "./pending-removals";

const STORAGE_KEY = "removals";

const removals = createRemovals({
  now: () => Date.now(),
  newId: () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
  readBatches: storedBatches,
  writeBatches: (batches) => writeStored(STORAGE_KEY, batches),
  offerUndo: (batch, remainingMs, undo) => {
    const n = batch.jobIds.length;
    return showNotice(t.value.library.deleted(n, count(n)), {
      action: { label: t.value.shell.undo, run: undo },
      timeLimitMs: remainingMs,
    });
  },
  send,
  beforeSend: (jobIds) => jobIds.forEach((jobId) => player.stop(jobId)),
  onRefused: (refusals) => {
    const n = refusals.length;
    showNotice(t.value.library.notDeleted(n, count(n), refusals[0]?.reason ?? ""), { kind: "bad", staysMs: 12_000 });
  },
});

/** Ids of recordings that are not to be shown any more: deleted, or about to be. */
export const pendingRemovals = removals.hidden;

/** Hides them at once and tells the service in eight seconds, if nobody undoes it until then. */
export const removeRecordings = removals.remove;

/** Brings back what was removed last. False when nothing can be brought back. */
export const undoRemoval = removals.undo;

/** To be called once, when the page starts. */
export function resumeRemovals(): void {
  removals.resume();
  addEventListener("storage", (event) => {
    if (event.key === null || event.key === STORAGE_PREFIX + STORAGE_KEY) removals.resume();
  });
}

/** Storage is open to everything on this host: what has another shape is nothing of ours. */
function storedBatches(): readonly Batch[] {
  const value = readStored<unknown>(STORAGE_KEY, []);
  return Array.isArray(value) ? value.filter(isBatch) : [];
}

function isBatch(value: unknown): value is Batch {
  const { id, jobIds, dueAt } = (value ?? {}) as Partial<Record<keyof Batch, unknown>>;
  return (
    typeof id === "string" &&
    typeof dueAt === "number" &&
    Array.isArray(jobIds) &&
    jobIds.every((jobId) => typeof jobId === "string")
  );
}

async function send(jobIds: readonly string[]): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const ids of chunks(jobIds, maxBatchIds.value)) {
    try {
      refusals.push(...(ids.length === 1 ? await deleteOne(ids[0] as string) : await deleteMany(ids)));
    } catch (cause) {
      const reason = cause instanceof Failure ? explain(cause) : String(cause);
      refusals.push(...ids.map((jobId) => ({ jobId, reason })));
    }
  }
  return refusals;
}

/** By the job, which takes its recording along: what failed or was cancelled has none. */
async function deleteOne(jobId: string): Promise<readonly Refusal[]> {
  try {
    await api.DELETE("/jobs/{job_id}", { params: { path: { job_id: jobId } } });
  } catch (cause) {
    // Somebody else was quicker: it is gone, as was wanted.
    if (!(cause instanceof Failure && cause.isGone)) throw cause;
  }
  return [];
}

async function deleteMany(jobIds: readonly string[]): Promise<readonly Refusal[]> {
  const { results } = await dataOf(api.POST("/history/batch_delete", { body: { job_ids: [...jobIds] } }));
  return results.flatMap(({ job_id: jobId, deleted, error }) =>
    deleted || error?.type === "not_found_error" ? [] : [{ jobId, reason: error?.message ?? t.value.shell.unexpected }],
  );
}

