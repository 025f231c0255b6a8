/** Deleting recordings, and jobs that became none, from any screen: see removals.ts for how one can come back from it. */

import { answer, api, Failure } from "../api/client";
import { count } from "../i18n/formats";
import { t } from "../i18n";
import { tell } from "../state/notices";
import * as player from "../state/player";
import { maxBatchIds } from "../state/service";
import { KEPT, recall, remember } from "../state/storage";
import { explain } from "../ui/state";
import { chunks } from "./chunks";
import { removals, type Batch, type Refusal } from "./pending-removals";

const NAME = "removals";

const made = removals({
  now: () => Date.now(),
  newId: () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`,
  recall: kept,
  remember: (batches) => remember(NAME, batches),
  announce: (batch, leftMs, undo) => {
    const n = batch.jobIds.length;
    return tell(t.value.library.deleted(n, count(n)), {
      action: { label: t.value.shell.undo, run: undo },
      runsOutMs: leftMs,
    });
  },
  send,
  onDue: (jobIds) => jobIds.forEach((jobId) => player.stop(jobId)),
  onRefused: (refusals) => {
    const n = refusals.length;
    tell(t.value.library.notDeleted(n, count(n), refusals[0]?.why ?? ""), { kind: "bad", staysMs: 12_000 });
  },
});

/** Ids of recordings that are not to be shown any more: deleted, or about to be. */
export const pendingRemovals = made.hidden;

/** Hides them at once and tells the service in eight seconds, if nobody undoes it until then. */
export const removeRecordings = made.remove;

/** Brings back what was removed last. False when nothing can be brought back. */
export const undoRemoval = made.undo;

/** To be called once, when the page starts. */
export function resumeRemovals(): void {
  made.resume();
  addEventListener("storage", (event) => {
    if (event.key === null || event.key === KEPT + NAME) made.resume();
  });
}

/** Storage is open to everything on this host: what has another shape is nothing of ours. */
function kept(): readonly Batch[] {
  const held = recall<unknown>(NAME, []);
  return Array.isArray(held) ? held.filter(isBatch) : [];
}

function isBatch(held: unknown): held is Batch {
  const { id, jobIds, dueAt } = (held ?? {}) as Partial<Record<keyof Batch, unknown>>;
  return (
    typeof id === "string" &&
    typeof dueAt === "number" &&
    Array.isArray(jobIds) &&
    jobIds.every((jobId) => typeof jobId === "string")
  );
}

async function send(jobIds: readonly string[]): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  for (const some of chunks(jobIds, maxBatchIds.value)) {
    try {
      refusals.push(...(some.length === 1 ? await sendOne(some[0] as string) : await sendMany(some)));
    } catch (cause) {
      const why = cause instanceof Failure ? explain(cause) : String(cause);
      refusals.push(...some.map((jobId) => ({ jobId, why })));
    }
  }
  return refusals;
}

/** By the job, which takes its recording along: what failed or was cancelled has none. */
async function sendOne(jobId: string): Promise<readonly Refusal[]> {
  try {
    await api.DELETE("/jobs/{job_id}", { params: { path: { job_id: jobId } } });
  } catch (cause) {
    // Somebody else was quicker: it is gone, as was wanted.
    if (!(cause instanceof Failure && cause.isGone)) throw cause;
  }
  return [];
}

async function sendMany(jobIds: readonly string[]): Promise<readonly Refusal[]> {
  const { results } = await answer(api.POST("/history/batch_delete", { body: { job_ids: [...jobIds] } }));
  return results.flatMap(({ job_id: jobId, deleted, error }) =>
    deleted || error?.type === "not_found_error" ? [] : [{ jobId, why: error?.message ?? t.value.shell.unexpected }],
  );
}

