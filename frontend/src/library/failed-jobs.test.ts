import { expect, it, vi } from "vitest";
import { service as frenchErrors } from "../i18n/fr/service";

vi.mock("../api/client", () => ({}));
vi.mock("../i18n", () => ({ t: { value: { service: frenchErrors } } }));
vi.mock("./removal", () => ({ pendingRemovals: { value: new Set() } }));
const { reasonOf, recentJobs } = await import("./failed-jobs");

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 6, 15);
const ended = (jobId: string, hoursAgo: number, status: "failed" | "cancelled") => ({
  jobId,
  title: jobId,
  voiceId: "hibari_heart",
  status,
  error: status === "failed" ? { code: "timeout", message: "It took 9 s." } : null,
  endedAtMs: NOW - hoursAgo * HOUR_MS,
});

it("lists failed and cancelled jobs of the last day, the latest first", () => {
  const failed = [ended("f1", 1, "failed"), ended("f30", 30, "failed")];
  const cancelled = [ended("c0", 0.1, "cancelled"), ended("c5", 5, "cancelled")];
  expect(recentJobs([...failed, ...cancelled], NOW).map((job) => job.jobId)).toEqual(["c0", "f1", "c5"]);
});

it("explains a failure in the language of the page", () => {
  expect(reasonOf(ended("f", 1, "failed"))).toContain("a pris trop de temps");
  expect(reasonOf({ ...ended("f", 1, "failed"), error: { code: "new", message: "It took 9 s." } })).toBe(
    "It took 9 s.",
  );
  expect(reasonOf(ended("c", 1, "cancelled"))).toBe("");
});
