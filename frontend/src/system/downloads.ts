/** The state of downloads, from the events of the service or from a poll, and their failures. */

import type { Download } from "./types";

export interface Sample {
  atMs: number;
  bytes: number;
}

export interface DownloadState {
  status: Download["status"];
  bytesDone: number;
  /** 0 while it is unknown. */
  bytesTotal: number;
  code: string | null;
  message: string | null;
  /** The progress of the last seconds, oldest first. */
  samples: readonly Sample[];
}

const SAMPLE_WINDOW_MS = 15_000;
/** The shortest time span from which a rate is computed. */
const MIN_SAMPLE_SPAN_MS = 1_500;

export function initialState(download: Download): DownloadState {
  return {
    status: download.status,
    bytesDone: download.bytes_done,
    bytesTotal: download.bytes_total,
    code: download.error_code,
    message: download.error_message,
    samples: [],
  };
}

type ByteCounts = Partial<Record<"bytes_done" | "bytes_total", number>>;
type EventTexts = Partial<
  Record<"status" | "code" | "message" | "error_code" | "error_message", string | null>
>;
type EventData = ByteCounts & EventTexts;

/** Returns the state after an event. An unknown event changes nothing. */
export function applyEvent(state: DownloadState, name: string, data: EventData, atMs: number): DownloadState {
  const bytesDone = data.bytes_done ?? state.bytesDone;
  const updated = {
    ...state,
    bytesDone,
    bytesTotal: data.bytes_total ?? state.bytesTotal,
    samples: addSample(state.samples, { atMs, bytes: bytesDone }),
  };
  if (name === "snapshot") {
    const status = (data.status ?? state.status) as Download["status"];
    return { ...updated, status, code: data.error_code ?? null, message: data.error_message ?? null };
  }
  if (name === "progress") return { ...updated, status: "running" };
  if (name === "completed") return { ...updated, status: "completed" };
  if (name === "failed")
    return { ...state, status: "failed", code: data.code ?? null, message: data.message ?? null };
  return state;
}

function addSample(samples: readonly Sample[], next: Sample): readonly Sample[] {
  // A corrupt file is downloaded again: the progress goes back, and the samples start again.
  const last = samples.at(-1);
  const kept = last && next.bytes < last.bytes ? [] : samples;
  return [...kept.filter((one) => next.atMs - one.atMs <= SAMPLE_WINDOW_MS), next];
}

/** Returns the download rate, or null while there are too few samples. */
export function bytesPerSecond(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < MIN_SAMPLE_SPAN_MS) return null;
  const rate = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  return rate > 0 ? rate : null;
}

/** Returns the remaining time in seconds, or null while the rate is unknown. */
export function remainingS(state: DownloadState): number | null {
  const rate = bytesPerSecond(state.samples);
  if (rate === null || state.bytesTotal <= state.bytesDone) return null;
  return (state.bytesTotal - state.bytesDone) / rate;
}

export function isActive(status: Download["status"]): boolean {
  return status === "queued" || status === "running";
}

/** Browsers limit the connections to one host, so only some downloads are followed by events; the others are polled. */
const MAX_EVENT_STREAMS = 2;

/** Returns the ids of downloads to follow by events: running ones before queued ones. */
export function followedIds(downloads: readonly Download[]): readonly string[] {
  const active = downloads.filter((one) => isActive(one.status));
  const running = active.filter((one) => one.status === "running");
  return [...running, ...active.filter((one) => one.status === "queued")]
    .slice(0, MAX_EVENT_STREAMS)
    .map((one) => one.id);
}

/** Returns the latest download of each item, if it failed. */
export function latestFailures(downloads: readonly Download[], model: string): readonly Download[] {
  const last = new Map<string, Download>();
  for (const one of [...downloads].sort((a, b) => a.created_at.localeCompare(b.created_at))) {
    if (one.model === model) last.set(one.item, one);
  }
  return [...last.values()].filter((one) => one.status === "failed");
}

export type FailureReason = "diskFull" | "diskSmall" | "downloadRefused" | "interrupted" | "otherwiseFailed";

const REASONS: Record<string, FailureReason> = {
  storage_full: "diskFull",
  disk_too_small: "diskSmall",
  download_failed: "downloadRefused",
  interrupted: "interrupted",
};

export function failureReason(code: string | null): FailureReason {
  return REASONS[code ?? ""] ?? "otherwiseFailed";
}

/** Failed downloads with the same reason, hence the same remedy. */
export interface FailureGroup {
  reason: FailureReason;
  downloads: readonly Download[];
  /** The distinct error messages of the workers. */
  messages: readonly string[];
  /** When the latest of them ended. */
  endedAt: string;
}

export function groupFailures(failures: readonly Download[]): readonly FailureGroup[] {
  return [...new Set(failures.map((one) => failureReason(one.error_code)))].map((reason) => {
    const downloads = failures.filter((one) => failureReason(one.error_code) === reason);
    const messages = downloads.flatMap((one) => (one.error_message ? [one.error_message] : []));
    const endTimes = downloads.map((one) => one.finished_at ?? one.updated_at).sort();
    return { reason, downloads, messages: [...new Set(messages)], endedAt: endTimes.at(-1) ?? "" };
  });
}
