/** Deletes recordings and jobs without one, from any screen. pending-removals.ts implements undo. */

import { api, dataOf, Failure } from "../api/client";
import { count } from "../i18n/formats";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import * as player from "../state/player";
import { maxBatchIds } from "../state/service";
import { readStored, STORAGE_PREFIX, writeStored } from "../state/storage";
import { explain } from "../ui/state";
import { chunks } from "./chunks";
import { type Batch, createRemovals, type Refusal } from "./pending-removals";

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
    showNotice(t.value.library.notDeleted(n, count(n), refusals[0]?.reason ?? ""), {
      kind: "bad",
      staysMs: 12_000,
    });
  },
});

/** Ids that must not be shown any more: deleted, or about to be deleted. */
export const pendingRemovals = removals.hidden;

/** Hides recordings at once, and deletes them after eight seconds unless the user undoes it. */
export const removeRecordings = removals.remove;

/** Undoes the latest deletion. Returns false if there is nothing to undo. */
export const undoRemoval = removals.undo;

/** Resumes deletions that were pending before a reload. Call it once, when the page starts. */
export function resumeRemovals(): void {
  removals.resume();
  addEventListener("storage", (event) => {
    if (event.key === null || event.key === STORAGE_PREFIX + STORAGE_KEY) removals.resume();
  });
}

/** Reads the stored batches. Ignores values of another shape, as anything on this host can write to storage. */
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

/** Deletes a job and its recording. A failed or cancelled job has no recording, so the job is what to delete. */
async function deleteOne(jobId: string): Promise<readonly Refusal[]> {
  try {
    await api.DELETE("/jobs/{job_id}", { params: { path: { job_id: jobId } } });
  } catch (cause) {
    // Already deleted by someone else.
    if (!(cause instanceof Failure && cause.isGone)) throw cause;
  }
  return [];
}

async function deleteMany(jobIds: readonly string[]): Promise<readonly Refusal[]> {
  const { results } = await dataOf(api.POST("/history/batch_delete", { body: { job_ids: [...jobIds] } }));
  return results.flatMap(({ job_id: jobId, deleted, error }) =>
    deleted || error?.type === "not_found_error"
      ? []
      : [{ jobId, reason: error?.message ?? t.value.shell.unexpected }],
  );
}
