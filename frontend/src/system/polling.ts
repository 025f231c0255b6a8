/** Something that is read again and again while somebody looks, and kept as it was when it cannot be read anew. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/client";

export interface Reading<T> {
  value: T | null;
  /** When `value` was read (epoch ms). */
  readAtMs: number | null;
  /** Why the last attempt failed; null once one succeeded again. */
  failure: Failure | null;
}

interface Surroundings {
  isHidden: () => boolean;
  nowMs: () => number;
}

export interface Watch {
  /** Read now, whenever the next reading was due. */
  refresh: () => void;
  stop: () => void;
}

/** One reading at a time, the next one `everyMs` after its end; none while the page is hidden. */
export function watch<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  onReading: (reading: Reading<T>) => void,
  { everyMs, isHidden, nowMs }: Surroundings & { everyMs: number },
): Watch {
  let last: Reading<T> = { value: null, readAtMs: null, failure: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;

  const read = async (): Promise<void> => {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    let next: Reading<T>;
    try {
      next = { value: await ask(mine.signal), readAtMs: nowMs(), failure: null };
    } catch (failure) {
      next = { ...last, failure: failure as Failure };
    }
    if (mine.signal.aborted) return;
    onReading((last = next));
    asking = null;
    timer = setTimeout(() => (isHidden() ? undefined : void read()), everyMs);
  };

  void read();
  return {
    refresh: () => void read(),
    stop: () => {
      clearTimeout(timer);
      asking?.abort();
    },
  };
}

/** A reading of its own for each `key`; `refresh` reads at once. */
export function useReading<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { everyMs, key = "" }: { everyMs: number; key?: string },
): Reading<T> & { refresh: () => void } {
  const [reading, setReading] = useState<Reading<T> & { key: string }>(() => ({ ...NOTHING, key }));
  const running = useRef<Watch | null>(null);
  useEffect(() => {
    const isHidden = (): boolean => document.hidden;
    const mine = watch(ask, (next) => setReading({ ...next, key }), { everyMs, isHidden, nowMs: Date.now });
    const onSeen = (): void => {
      if (!document.hidden) mine.refresh();
    };
    running.current = mine;
    document.addEventListener("visibilitychange", onSeen);
    return () => {
      document.removeEventListener("visibilitychange", onSeen);
      mine.stop();
    };
  }, [key, everyMs]);
  const refresh = (): void => running.current?.refresh();
  return { ...(reading.key === key ? reading : NOTHING), refresh };
}

const NOTHING = { value: null, readAtMs: null, failure: null } as const;
