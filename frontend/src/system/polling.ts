/** Something that is read again and again while somebody looks, and kept as it was when it cannot be read anew. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/client";

export interface PollResult<T> {
  value: T | null;
  /** When `value` was read (epoch ms). */
  loadedAtMs: number | null;
  /** Why the last attempt failed; null once one succeeded again. */
  failure: Failure | null;
}

interface PollEnvironment {
  isHidden: () => boolean;
  nowMs: () => number;
}

export interface Poller {
  /** Read now, whenever the next reading was due. */
  refresh: () => void;
  stop: () => void;
}

/** One reading at a time, the next one `everyMs` after its end; none while the page is hidden. */
export function poll<T>(
  load: (signal: AbortSignal) => Promise<T>,
  onResult: (result: PollResult<T>) => void,
  { intervalMs, isHidden, nowMs }: PollEnvironment & { intervalMs: number },
): Poller {
  let last: PollResult<T> = { value: null, loadedAtMs: null, failure: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let controller: AbortController | null = null;

  const run = async (): Promise<void> => {
    clearTimeout(timer);
    controller?.abort();
    const own = (controller = new AbortController());
    let next: PollResult<T>;
    try {
      next = { value: await load(own.signal), loadedAtMs: nowMs(), failure: null };
    } catch (failure) {
      next = { ...last, failure: failure as Failure };
    }
    if (own.signal.aborted) return;
    onResult((last = next));
    controller = null;
    timer = setTimeout(() => (isHidden() ? undefined : void run()), intervalMs);
  };

  void run();
  return {
    refresh: () => void run(),
    stop: () => {
      clearTimeout(timer);
      controller?.abort();
    },
  };
}

/** A reading of its own for each `key`; `refresh` reads at once. */
export function usePolling<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { intervalMs, key = "" }: { intervalMs: number; key?: string },
): PollResult<T> & { refresh: () => void } {
  const [result, setResult] = useState<PollResult<T> & { key: string }>(() => ({ ...EMPTY_RESULT, key }));
  const poller = useRef<Poller | null>(null);
  useEffect(() => {
    const isHidden = (): boolean => document.hidden;
    const own = poll(load, (next) => setResult({ ...next, key }), { intervalMs, isHidden, nowMs: Date.now });
    const onVisible = (): void => {
      if (!document.hidden) own.refresh();
    };
    poller.current = own;
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      own.stop();
    };
  }, [key, intervalMs]);
  const refresh = (): void => poller.current?.refresh();
  return { ...(result.key === key ? result : EMPTY_RESULT), refresh };
}

const EMPTY_RESULT = { value: null, loadedAtMs: null, failure: null } as const;
