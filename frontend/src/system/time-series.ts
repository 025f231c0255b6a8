/** The statistics of a range, by hour or by day. */

import type { Analytics, Percentiles } from "./types";

export const RANGES = ["24", "7", "30", "90"] as const;
/** 24 hours, or a number of days. */
export type Range = (typeof RANGES)[number];

/** Returns the hours to request. Days are in UTC, and a range of days starts at midnight: its first day is complete. */
export function rangeHours(range: Range, now: Date): number {
  if (range === "24") return 24;
  return (Number(range) - 1) * 24 + now.getUTCHours() + 1;
}

export interface Point {
  /** The hour as a time, or the day as `2026-07-01`. */
  at: string;
  completed: number;
  failed: number;
  cancelled: number;
  minutes: number;
  wait: Percentiles | null;
  firstAudio: Percentiles | null;
}

type UsageCounts = Pick<Analytics["series"][number], "completed" | "failed" | "cancelled" | "audio_s">;

/** Returns the points, oldest first. Waiting times are recorded only by day, not by hour. */
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

/** Returns the highest point, the first of several; null if all are zero. */
export function findPeak(points: readonly Point[], value: (point: Point) => number | null): Peak | null {
  let peak: Peak | null = null;
  for (const point of points) {
    const amount = value(point) ?? 0;
    if (amount > (peak?.value ?? 0)) peak = { value: amount, at: point.at };
  }
  return peak;
}

/** Returns the share of failed jobs from 0 to 1, or null if none ended. Cancelled jobs do not count. */
export function failureRate(counts: { completed: number; failed: number }): number | null {
  const ended = counts.completed + counts.failed;
  return ended ? counts.failed / ended : null;
}

/** Returns the heights of stacked bars, the highest first, in the order of drawing. */
export function stackedHeights(
  points: readonly Point[],
): [all: number[], ended: number[], completed: number[]] {
  return [
    points.map(totalJobs),
    points.map((one) => one.completed + one.failed),
    points.map((one) => one.completed),
  ];
}
