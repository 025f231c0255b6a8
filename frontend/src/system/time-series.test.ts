import { expect, test } from "vitest";
import {
  failureRate,
  findPeak,
  type Point,
  rangeHours,
  stackedHeights,
  sumOf,
  toPoints,
  totalJobs,
} from "./time-series";

function point(at: string, completed: number, failed = 0, cancelled = 0, p99: number | null = null): Point {
  const wait = p99 === null ? null : { p50: 1, p90: 2, p99, count: completed };
  return { at, completed, failed, cancelled, minutes: completed / 2, wait, firstAudio: null };
}

test("a range of days starts at midnight UTC", () => {
  const now = new Date("2026-07-10T05:20:00Z");
  expect(rangeHours("24", now)).toBe(24);
  expect(rangeHours("7", now)).toBe(6 * 24 + 6);
  expect(rangeHours("90", new Date("2026-07-10T23:59:00Z"))).toBe(90 * 24);
});

test("one day is shown by hour, a longer range by day", () => {
  const counted = { completed: 3, failed: 1, cancelled: 0, chars: 9, size_bytes: 1 };
  const statistics = { ...counted, audio_s: 90, synthesis_s: 9, speed_over_real_time: 10 };
  const percentiles = { wait_ms: { p50: 1, p90: 2, p99: 3, count: 3 }, first_audio_ms: null };
  const analytics = {
    series: [{ hour: "2026-07-10T05:00:00Z", ...statistics }],
    by_day: [{ day: "2026-07-10", ...statistics, ...percentiles }],
  };
  expect(toPoints(analytics, "24")).toEqual([
    {
      at: "2026-07-10T05:00:00Z",
      completed: 3,
      failed: 1,
      cancelled: 0,
      minutes: 1.5,
      wait: null,
      firstAudio: null,
    },
  ]);
  expect(toPoints(analytics, "30")[0]).toMatchObject({
    at: "2026-07-10",
    wait: { p99: 3 },
    firstAudio: null,
  });
});

test("points are summed, and the first peak is found", () => {
  const points = [point("a", 2, 1), point("b", 5, 0, 1, 40), point("c", 5, 1, 0, 900)];
  expect(sumOf(points, totalJobs)).toBe(15);
  expect(findPeak(points, totalJobs)).toEqual({ value: 6, at: "b" });
  expect(findPeak(points, (one) => one.wait?.p99 ?? null)).toEqual({ value: 900, at: "c" });
  expect(findPeak([point("a", 0)], totalJobs)).toBeNull();
});

test("cancelled jobs do not count in the failure rate", () => {
  expect(failureRate({ completed: 3, failed: 1 })).toBe(0.25);
  expect(failureRate({ completed: 0, failed: 0 })).toBeNull();
});

test("stacked heights are cumulative", () => {
  expect(stackedHeights([point("a", 4, 2, 1)])).toEqual([[7], [6], [4]]);
});
