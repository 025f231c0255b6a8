/** The figures of a range, hour by hour or day by day. */

import type { Analytics, Percentiles } from "./types";

export const RANGES = ["24", "7", "30", "90"] as const;
/** 24 hours, or so many days. */
export type Range = (typeof RANGES)[number];

/** A day is one of UTC; so that none is shown by half, a range of days ends now and begins with a day. */
export function rangeHours(range: Range, now: Date): number {
  if (range === "24") return 24;
  return (Number(range) - 1) * 24 + now.getUTCHours() + 1;
}

export interface Point {
  /** An hour as a moment, or a day as `2026-07-01`. */
  at: string;
  completed: number;
  failed: number;
  cancelled: number;
  minutes: number;
  wait: Percentiles | null;
  firstAudio: Percentiles | null;
}

type UsageCounts = Pick<Analytics["series"][number], "completed" | "failed" | "cancelled" | "audio_s">;

/** Oldest first. Of single hours nobody counted how long people waited. */
export function toPoints(analytics: Pick<Analytics, "series" | "by_day">, range: Range): readonly Point[] {
  if (range === "24") {
    return analytics.series.map((one) => ({ at: one.hour, ...counts(one), wait: null, firstAudio: null }));
  }
  return analytics.by_day.map((one) => ({
    at: one.day,
    ...counts(one),
    wait: one.wait_ms,
    firstAudio: one.first_audio_ms,
  }));
}

function counts(one: UsageCounts) {
  const { completed, failed, cancelled } = one;
  return { completed, failed, cancelled, minutes: one.audio_s / 60 };
}

export interface Peak {
  value: number;
  at: string;
}

export function totalJobs(point: Pick<Point, "completed" | "failed" | "cancelled">): number {
  return point.completed + point.failed + point.cancelled;
}

export function sumOf(points: readonly Point[], value: (point: Point) => number): number {
  return points.reduce((sum, point) => sum + value(point), 0);
}

/** The first of those with the most; null where all have nothing. */
export function findPeak(points: readonly Point[], value: (point: Point) => number | null): Peak | null {
  let peak: Peak | null = null;
  for (const point of points) {
    const amount = value(point) ?? 0;
    if (amount > (peak?.value ?? 0)) peak = { value: amount, at: point.at };
  }
  return peak;
}

/** Of what ended by itself, the share that failed, from 0 to 1; null when nothing did. */
export function failureRate(counts: { completed: number; failed: number }): number | null {
  const ended = counts.completed + counts.failed;
  return ended ? counts.failed / ended : null;
}

/** Heights of stacked bars, the highest first, as they are drawn one over the other. */
export function stackedHeights(points: readonly Point[]): [all: number[], ended: number[], completed: number[]] {
  return [points.map(totalJobs), points.map((one) => one.completed + one.failed), points.map((one) => one.completed)];
}
