/** Deletions that can be undone: recordings are hidden at once and deleted after a delay.
 *
 * Pending batches are in local storage, so that they survive a reload and other tabs see them. Two tabs may delete the
 * same batch: the second request finds nothing, which is harmless.
 */

import { computed, type ReadonlySignal, signal } from "@preact/signals";

export const UNDO_MS = 8000;

export interface Batch {
  id: string;
  jobIds: readonly string[];
  /** When the request is sent, in milliseconds since the epoch. Stored under this name. */
  dueAt: number;
}

export interface Refusal {
  jobId: string;
  reason: string;
}

/** The dependencies, which tests replace. */
export interface RemovalEnvironment {
  now: () => number;
  newId: () => string;
  /** Returns the stored batches. */
  readBatches: () => readonly Batch[];
  /** Stores the batches. Returns false if storage is full or blocked. */
  writeBatches: (batches: readonly Batch[]) => boolean;
  /** Offers to undo a batch for `remainingMs`. Returns a function that withdraws the offer. */
  offerUndo: (batch: Batch, remainingMs: number, undo: () => void) => () => void;
  /** Sends the request. Never throws: ids of a request that failed are returned as refused. */
  send: (jobIds: readonly string[]) => Promise<readonly Refusal[]>;
  /** Called just before the request is sent. */
  beforeSend: (jobIds: readonly string[]) => void;
  onRefused: (refusals: readonly Refusal[]) => void;
}

export interface Removals {
  /** Ids that must not be shown: deleted or pending. */
  hidden: ReadonlySignal<ReadonlySet<string>>;
  remove: (jobIds: readonly string[]) => void;
  /** Undoes the latest pending batch. Returns false if there is none. */
  undo: () => boolean;
  /** Adopts the stored batches, after a reload or a change by another tab. */
  resume: () => void;
}

interface PendingBatch extends Batch {
  /** False if storage failed: then only this tab knows the batch. */
  isStored: boolean;
  /** Null once the request is sent. */
  timer: ReturnType<typeof setTimeout> | null;
  dismiss: () => void;
}

export function createRemovals(environment: RemovalEnvironment): Removals {
  const pending = signal<readonly PendingBatch[]>([]);
  const removed = signal<ReadonlySet<string>>(new Set());
  const hidden = computed(
    () => new Set([...removed.value, ...pending.value.flatMap((batch) => batch.jobIds)]),
  );

  /** Updates the stored batches. Reads them first, as another tab may have changed them. */
  function updateStored(change: (stored: readonly Batch[]) => readonly Batch[]): boolean {
    return environment.writeBatches(change(environment.readBatches()));
  }

  function schedule(batch: Batch, { isStored }: { isStored: boolean }): void {
    // Capped: a clock that was set back would make the delay longer, even too long for a timer.
    const remainingMs = Math.min(UNDO_MS, Math.max(0, batch.dueAt - environment.now()));
    const dismiss = remainingMs
      ? environment.offerUndo(batch, remainingMs, () => cancel(batch.id))
      : () => undefined;
    const timer = setTimeout(() => void send(batch.id), remainingMs);
    pending.value = [...pending.value, { ...batch, isStored, timer, dismiss }];
  }

  function discard(id: string): void {
    const batch = pending.value.find((one) => one.id === id);
    if (batch?.timer) clearTimeout(batch.timer);
    batch?.dismiss();
    pending.value = pending.value.filter((one) => one.id !== id);
  }

  function cancel(id: string): void {
    updateStored((stored) => stored.filter((one) => one.id !== id));
    discard(id);
  }

  async function send(id: string): Promise<void> {
    const batch = pending.value.find((one) => one.id === id);
    if (!batch) return;
    // Another tab undid it while this one was asleep.
    if (batch.isStored && !environment.readBatches().some((one) => one.id === id)) return discard(id);
    pending.value = pending.value.map((one) => (one.id === id ? { ...one, timer: null } : one));
    batch.dismiss();
    environment.beforeSend(batch.jobIds);
    const refusals = await environment.send(batch.jobIds);
    const refusedIds = new Set(refusals.map((refusal) => refusal.jobId));
    removed.value = new Set([...removed.value, ...batch.jobIds.filter((jobId) => !refusedIds.has(jobId))]);
    cancel(id);
    if (refusals.length) environment.onRefused(refusals);
  }

  return {
    hidden,
    remove(jobIds) {
      const newIds = jobIds.filter((jobId) => !hidden.value.has(jobId));
      if (!newIds.length) return;
      const batch = { id: environment.newId(), jobIds: newIds, dueAt: environment.now() + UNDO_MS };
      schedule(batch, { isStored: updateStored((stored) => [...stored, batch]) });
    },
    undo() {
      const last = pending.value.findLast((batch) => batch.timer !== null);
      if (last) cancel(last.id);
      return last !== undefined;
    },
    resume() {
      const stored = environment.readBatches();
      const ids = new Set(stored.map((batch) => batch.id));
      for (const batch of pending.value) {
        if (batch.isStored && batch.timer !== null && !ids.has(batch.id)) discard(batch.id);
      }
      const knownIds = new Set(pending.value.map((batch) => batch.id));
      for (const batch of stored) if (!knownIds.has(batch.id)) schedule(batch, { isStored: true });
    },
  };
}
