import { expect, it, vi } from "vitest";

vi.mock("../api/client", () => ({}));
vi.mock("./removal", () => ({ pendingRemovals: { value: new Set() } }));
const { recentJobs } = await import("./failed-jobs");

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 6, 15);
const ended = (jobId: string, hoursAgo: number, status: "failed" | "cancelled") => ({
  jobId,
  title: jobId,
  voiceId: "hibari_heart",
  status,
  error: "",
  endedAtMs: NOW - hoursAgo * HOUR_MS,
});

it("lists failed and cancelled jobs of the last day, the latest first", () => {
  const failed = [ended("f1", 1, "failed"), ended("f30", 30, "failed")];
  const cancelled = [ended("c0", 0.1, "cancelled"), ended("c5", 5, "cancelled")];
  expect(recentJobs([...failed, ...cancelled], NOW).map((job) => job.jobId)).toEqual(["c0", "f1", "c5"]);
});
