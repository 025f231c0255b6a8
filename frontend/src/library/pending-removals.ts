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
  why: string;
}

/** What this stands on, so that tests can stand it on something else. */
export interface World {
  now: () => number;
  newId: () => string;
  /** What the browser kept. */
  recall: () => readonly Batch[];
  /** False when it could not be kept: storage is full, or forbidden. */
  remember: (batches: readonly Batch[]) => boolean;
  /** Says that they are deleted, and offers `undo` for so long. Returns what takes that away again. */
  announce: (batch: Batch, leftMs: number, undo: () => void) => () => void;
  /** Tells the service. Never throws: what could not be asked is refused. */
  send: (jobIds: readonly string[]) => Promise<readonly Refusal[]>;
  /** Just before it is sent. */
  onDue: (jobIds: readonly string[]) => void;
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

interface Waiting extends Batch {
  /** What is not kept is known to this tab alone. */
  kept: boolean;
  /** Null once it is sent. */
  timer: ReturnType<typeof setTimeout> | null;
  dismiss: () => void;
}

export function removals(world: World): Removals {
  const waiting = signal<readonly Waiting[]>([]);
  const gone = signal<ReadonlySet<string>>(new Set());
  const hidden = computed(() => new Set([...gone.value, ...waiting.value.flatMap((batch) => batch.jobIds)]));

  /** Change what is kept, from what is kept now: another tab may have changed it. */
  function keep(change: (kept: readonly Batch[]) => readonly Batch[]): boolean {
    return world.remember(change(world.recall()));
  }

  function wait(batch: Batch, { kept }: { kept: boolean }): void {
    // A clock that was set back must not make it longer, nor longer than a timer can wait.
    const leftMs = Math.min(UNDO_MS, Math.max(0, batch.dueAt - world.now()));
    const dismiss = leftMs ? world.announce(batch, leftMs, () => takeBack(batch.id)) : () => undefined;
    const timer = setTimeout(() => void send(batch.id), leftMs);
    waiting.value = [...waiting.value, { ...batch, kept, timer, dismiss }];
  }

  function letGo(id: string): void {
    const batch = waiting.value.find((one) => one.id === id);
    if (batch?.timer) clearTimeout(batch.timer);
    batch?.dismiss();
    waiting.value = waiting.value.filter((one) => one.id !== id);
  }

  function takeBack(id: string): void {
    keep((kept) => kept.filter((one) => one.id !== id));
    letGo(id);
  }

  async function send(id: string): Promise<void> {
    const batch = waiting.value.find((one) => one.id === id);
    if (!batch) return;
    // Another tab undid it, and this one slept.
    if (batch.kept && !world.recall().some((one) => one.id === id)) return letGo(id);
    waiting.value = waiting.value.map((one) => (one.id === id ? { ...one, timer: null } : one));
    batch.dismiss();
    world.onDue(batch.jobIds);
    const refusals = await world.send(batch.jobIds);
    const stays = new Set(refusals.map((refusal) => refusal.jobId));
    gone.value = new Set([...gone.value, ...batch.jobIds.filter((jobId) => !stays.has(jobId))]);
    takeBack(id);
    if (refusals.length) world.onRefused(refusals);
  }

  return {
    hidden,
    remove(jobIds) {
      const fresh = jobIds.filter((jobId) => !hidden.value.has(jobId));
      if (!fresh.length) return;
      const batch = { id: world.newId(), jobIds: fresh, dueAt: world.now() + UNDO_MS };
      wait(batch, { kept: keep((kept) => [...kept, batch]) });
    },
    undo() {
      const last = waiting.value.findLast((batch) => batch.timer !== null);
      if (last) takeBack(last.id);
      return last !== undefined;
    },
    resume() {
      const kept = world.recall();
      const ids = new Set(kept.map((batch) => batch.id));
      for (const batch of waiting.value) {
        if (batch.kept && batch.timer !== null && !ids.has(batch.id)) letGo(batch.id);
      }
      const known = new Set(waiting.value.map((batch) => batch.id));
      for (const batch of kept) if (!known.has(batch.id)) wait(batch, { kept: true });
    },
  };
}
