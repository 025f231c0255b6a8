/** Polls a resource while the page is visible, and keeps the last value when a request fails. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Failure } from "../api/client";

export interface PollResult<T> {
  value: T | null;
  /** When `value` was loaded, in milliseconds since the epoch. */
  loadedAtMs: number | null;
  /** Why the last request failed; null if it succeeded. */
  failure: Failure | null;
}

interface PollEnvironment {
  isHidden: () => boolean;
  nowMs: () => number;
}

export interface Poller {
  /** Loads now, whenever the next request was due. */
  refresh: () => void;
  stop: () => void;
}

/** Loads repeatedly: one request at a time, the next `intervalMs` after its end, none while the page is hidden. */
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

/** Polls in a component. A new `key` discards the value and loads again; `refresh` loads at once. */
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
