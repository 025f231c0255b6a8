import { expect, test } from "vitest";
import {
  applyEvent,
  bytesPerSecond,
  failureReason,
  followedIds,
  groupFailures,
  initialState,
  latestFailures,
  remainingS,
} from "./downloads";
import type { Download } from "./types";

function download(more: Partial<Download> = {}): Download {
  return {
    id: "d1",
    model: "kokoro",
    item: "kokoro",
    status: "queued",
    bytes_done: 0,
    bytes_total: 0,
    percent: 0,
    error_code: null,
    error_message: null,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    finished_at: null,
    ...more,
  };
}

test("a running download has a rate and a remaining time", () => {
  let state = initialState(download());
  state = applyEvent(state, "snapshot", { status: "running", bytes_done: 0, bytes_total: 100e6 }, 0);
  state = applyEvent(state, "progress", { bytes_done: 20e6, bytes_total: 100e6 }, 2_000);
  expect(state.status).toBe("running");
  expect(bytesPerSecond(state.samples)).toBe(10e6);
  expect(remainingS(state)).toBe(8);
});

test("the rate is unknown after one sample", () => {
  const state = applyEvent(initialState(download()), "progress", { bytes_done: 5, bytes_total: 10 }, 0);
  expect(bytesPerSecond(state.samples)).toBeNull();
  expect(remainingS(state)).toBeNull();
});

test("the rate is that of the last seconds, and starts again when a file is downloaded again", () => {
  let state = initialState(download());
  for (const [atMs, bytes] of [
    [0, 0],
    [20_000, 10e6],
    [30_000, 110e6],
  ] as const) {
    state = applyEvent(state, "progress", { bytes_done: bytes, bytes_total: 200e6 }, atMs);
  }
  expect(bytesPerSecond(state.samples)).toBe(10e6);
  state = applyEvent(state, "progress", { bytes_done: 1e6, bytes_total: 200e6 }, 31_000);
  expect(bytesPerSecond(state.samples)).toBeNull();
});

test("the last event sets the status and the error", () => {
  const failed = applyEvent(
    initialState(download()),
    "failed",
    { code: "storage_full", message: "No space" },
    0,
  );
  expect(failed).toMatchObject({ status: "failed", code: "storage_full", message: "No space" });
  expect(applyEvent(initialState(download()), "completed", { bytes_done: 9, bytes_total: 9 }, 0).status).toBe(
    "completed",
  );
});

test("an unknown event changes nothing", () => {
  const state = initialState(download({ status: "running", bytes_done: 4 }));
  expect(applyEvent(state, "paused", { bytes_done: 9 }, 0)).toBe(state);
});

test("few downloads are followed, running ones first", () => {
  const waiting = ["a", "b", "c"].map((id) => download({ id }));
  const all = [
    ...waiting,
    download({ id: "r", status: "running" }),
    download({ id: "x", status: "completed" }),
  ];
  expect(followedIds(all)).toEqual(["r", "a"]);
});

test("a failure is shown until a later download succeeds", () => {
  const failed = download({ id: "f", status: "failed", error_code: "download_failed" });
  const later = download({ id: "g", status: "completed", created_at: "2026-01-02T00:00:00Z" });
  expect(latestFailures([failed], "kokoro").map((one) => one.id)).toEqual(["f"]);
  expect(latestFailures([later, failed], "kokoro")).toEqual([]);
  expect(latestFailures([failed], "bark")).toEqual([]);
});

test("error codes map to reasons", () => {
  expect(failureReason("storage_full")).toBe("diskFull");
  expect(failureReason("download_failed")).toBe("downloadRefused");
  expect(failureReason("something_new")).toBe("otherwiseFailed");
  expect(failureReason(null)).toBe("otherwiseFailed");
});

test("failures are grouped by reason, with distinct messages and the latest time", () => {
  const failed = (id: string, code: string, more: Partial<Download> = {}) =>
    download({ id, status: "failed", error_code: code, ...more });
  const groups = groupFailures([
    failed("a", "download_failed", { error_message: "No route", updated_at: "2026-01-03T00:00:00Z" }),
    failed("b", "storage_full"),
    failed("c", "download_failed", { error_message: "No route", finished_at: "2026-01-02T00:00:00Z" }),
  ]);
  expect(groups.map((group) => [group.reason, group.downloads.map((one) => one.id)])).toEqual([
    ["downloadRefused", ["a", "c"]],
    ["diskFull", ["b"]],
  ]);
  expect(groups[0]).toMatchObject({ messages: ["No route"], endedAt: "2026-01-03T00:00:00Z" });
});
