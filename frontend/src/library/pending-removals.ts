/** Deleting with a way back: what is deleted vanishes at once, and the service hears of it when the time to undo is over.
 *
 * What waits is kept by the browser, so that it outlives a reload, and other tabs know of it. A request that was sent twice
 * finds nothing the second time, which is what was wanted.
 */

import { computed, signal, type ReadonlySignal } from "@preact/signals";

export const UNDO_MS = 8000;

export interface Batch {
  id: string;
  jobIds: readonly string[];
  /** When the service is told: milliseconds of the epoch. */
  dueAt: number;
}

export interface Refusal {
  jobId: string;
  reason: string;
}

/** What this stands on, so that tests can stand it on something else. */
export interface RemovalEnvironment {
  now: () => number;
  newId: () => string;
  /** What the browser kept. */
  readBatches: () => readonly Batch[];
  /** False when it could not be kept: storage is full, or forbidden. */
  writeBatches: (batches: readonly Batch[]) => boolean;
  /** Says that they are deleted, and offers `undo` for so long. Returns what takes that away again. */
  offerUndo: (batch: Batch, remainingMs: number, undo: () => void) => () => void;
  /** Tells the service. Never throws: what could not be asked is refused. */
  send: (jobIds: readonly string[]) => Promise<readonly Refusal[]>;
  /** Just before it is sent. */
  beforeSend: (jobIds: readonly string[]) => void;
  onRefused: (refusals: readonly Refusal[]) => void;
}

export interface Removals {
  /** Those that are not to be shown: they wait to be deleted, or they are. */
  hidden: ReadonlySignal<ReadonlySet<string>>;
  remove: (jobIds: readonly string[]) => void;
  /** The latest that can be. False when there is none. */
  undo: () => boolean;
  /** Takes up what the browser kept: after a reload, and when another tab changed it. */
  resume: () => void;
}

interface PendingBatch extends Batch {
  /** What is not kept is known to this tab alone. */
  isStored: boolean;
  /** Null once it is sent. */
  timer: ReturnType<typeof setTimeout> | null;
  dismiss: () => void;
}

export function createRemovals(environment: RemovalEnvironment): Removals {
  const pending = signal<readonly PendingBatch[]>([]);
  const removed = signal<ReadonlySet<string>>(new Set());
  const hidden = computed(() => new Set([...removed.value, ...pending.value.flatMap((batch) => batch.jobIds)]));

  /** Change what is kept, from what is kept now: another tab may have changed it. */
  function updateStored(change: (stored: readonly Batch[]) => readonly Batch[]): boolean {
    return environment.writeBatches(change(environment.readBatches()));
  }

  function schedule(batch: Batch, { isStored }: { isStored: boolean }): void {
    // A clock that was set back must not make it longer, nor longer than a timer can wait.
    const remainingMs = Math.min(UNDO_MS, Math.max(0, batch.dueAt - environment.now()));
    const dismiss = remainingMs ? environment.offerUndo(batch, remainingMs, () => cancel(batch.id)) : () => undefined;
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
    // Another tab undid it, and this one slept.
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
