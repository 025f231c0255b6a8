/** How downloads go: told event by event, or by the row when nobody tells. */

import type { Download } from "./types";

export interface Sample {
  atMs: number;
  bytes: number;
}

export interface Fetching {
  status: Download["status"];
  done: number;
  /** 0 until it is known. */
  total: number;
  code: string | null;
  message: string | null;
  /** Of the last seconds, oldest first. */
  samples: readonly Sample[];
}

const REMEMBERED_MS = 15_000;
/** A rate of less than that says little. */
const TELLING_MS = 1_500;

export function begun(download: Download): Fetching {
  return {
    status: download.status,
    done: download.bytes_done,
    total: download.bytes_total,
    code: download.error_code,
    message: download.error_message,
    samples: [],
  };
}

type Counts = Partial<Record<"bytes_done" | "bytes_total", number>>;
type Words = Partial<Record<"status" | "code" | "message" | "error_code" | "error_message", string | null>>;
type Told = Counts & Words;

/** After an event of the stream. What is not understood changes nothing. */
export function told(now: Fetching, name: string, data: Told, atMs: number): Fetching {
  const done = data.bytes_done ?? now.done;
  const moved = { ...now, done, total: data.bytes_total ?? now.total, samples: sampled(now.samples, { atMs, bytes: done }) };
  if (name === "snapshot") {
    const status = (data.status ?? now.status) as Download["status"];
    return { ...moved, status, code: data.error_code ?? null, message: data.error_message ?? null };
  }
  if (name === "progress") return { ...moved, status: "running" };
  if (name === "completed") return { ...moved, status: "completed" };
  if (name === "failed") return { ...now, status: "failed", code: data.code ?? null, message: data.message ?? null };
  return now;
}

function sampled(samples: readonly Sample[], next: Sample): readonly Sample[] {
  // Files that turn out to be broken are fetched again: then it goes back, and counts anew.
  const last = samples.at(-1);
  const kept = last && next.bytes < last.bytes ? [] : samples;
  return [...kept.filter((one) => next.atMs - one.atMs <= REMEMBERED_MS), next];
}

/** Bytes a second; null while that is hard to say. */
export function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < TELLING_MS) return null;
  const rate = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  return rate > 0 ? rate : null;
}

export function leftS(fetching: Fetching): number | null {
  const rate = rateOf(fetching.samples);
  if (rate === null || fetching.total <= fetching.done) return null;
  return (fetching.total - fetching.done) / rate;
}

export function isActive(status: Download["status"]): boolean {
  return status === "queued" || status === "running";
}

/** A browser keeps few connections to one host open, so that only some are listened to; the rest is read anew. */
const LISTENED_TO = 2;

/** Ids of those that are listened to: what runs goes before what waits. */
export function listenedTo(downloads: readonly Download[]): readonly string[] {
  const active = downloads.filter((one) => isActive(one.status));
  const running = active.filter((one) => one.status === "running");
  return [...running, ...active.filter((one) => one.status === "queued")].slice(0, LISTENED_TO).map((one) => one.id);
}

/** The last try of each item that failed, where none after it did better. */
export function failuresOf(downloads: readonly Download[], model: string): readonly Download[] {
  const last = new Map<string, Download>();
  for (const one of [...downloads].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
    if (one.model === model) last.set(one.item, one);
  }
  return [...last.values()].filter((one) => one.status === "failed");
}

export type Reason = "diskFull" | "diskSmall" | "hubFailed" | "interrupted" | "otherwiseFailed";

const REASONS: Record<string, Reason> = {
  storage_full: "diskFull",
  disk_too_small: "diskSmall",
  download_failed: "hubFailed",
  interrupted: "interrupted",
};

export function reasonOf(code: string | null): Reason {
  return REASONS[code ?? ""] ?? "otherwiseFailed";
}

/** Failures that want one thing done about them. */
export interface Cause {
  reason: Reason;
  failed: readonly Download[];
  /** What the workers said, each thing once. */
  messages: readonly string[];
  /** Of the latest. */
  endedAt: string;
}

export function causesOf(failures: readonly Download[]): readonly Cause[] {
  return [...new Set(failures.map((one) => reasonOf(one.error_code)))].map((reason) => {
    const failed = failures.filter((one) => reasonOf(one.error_code) === reason);
    const messages = failed.flatMap((one) => (one.error_message ? [one.error_message] : []));
    const ends = failed.map((one) => one.finished_at ?? one.updated_at).sort();
    return { reason, failed, messages: [...new Set(messages)], endedAt: ends.at(-1) ?? "" };
  });
}
