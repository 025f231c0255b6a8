/** Jobs that failed or were cancelled in the last day. They have no recording, so the library does not list them. */

import { computed, signal } from "@preact/signals";
import { api, dataOf, type Job } from "../api/client";
import { t } from "../i18n";
import { pendingRemovals } from "./removal";

export interface FailedJob {
  jobId: string;
  title: string;
  voiceId: string;
  status: "failed" | "cancelled";
  /** Null if the job was cancelled. */
  error: Job["error"];
  /** Milliseconds since the epoch. */
  endedAtMs: number;
}

const LIMIT_PER_STATUS = 5;
const MAX_AGE_MS = 24 * 3_600_000;

const loaded = signal<readonly FailedJob[]>([]);

/** The latest jobs first, without those that are being deleted. */
export const failedJobs = computed(() => loaded.value.filter((job) => !pendingRemovals.value.has(job.jobId)));

export async function refreshFailedJobs(): Promise<void> {
  const both = await Promise.all([fetchEnded("failed"), fetchEnded("cancelled")]);
  loaded.value = recentJobs(both.flat(), Date.now());
}

async function fetchEnded(status: FailedJob["status"]): Promise<readonly FailedJob[]> {
  const { items } = await dataOf(
    api.GET("/jobs", { params: { query: { status, limit: LIMIT_PER_STATUS } } }),
  );
  return items.map((job) => toFailedJob(job, status));
}

function toFailedJob(job: Job, status: FailedJob["status"]): FailedJob {
  return {
    jobId: job.job_id,
    title: job.title,
    voiceId: job.voice_id,
    status,
    error: job.error,
    endedAtMs: Date.parse(job.finished_at ?? job.created_at),
  };
}

/** Drops jobs that ended more than a day ago and sorts the others, the latest first. */
export function recentJobs(jobs: readonly FailedJob[], nowMs: number): readonly FailedJob[] {
  return jobs.filter((job) => nowMs - job.endedAtMs < MAX_AGE_MS).sort((a, b) => b.endedAtMs - a.endedAtMs);
}

/** Why a job failed, in the language of the page. Empty if it was cancelled. */
export function reasonOf({ error }: FailedJob): string {
  return error ? t.value.service.error(error.code) || error.message : "";
}

/** Removes a job that was started again. */
export function dropFailedJob(jobId: string): void {
  loaded.value = loaded.value.filter((job) => job.jobId !== jobId);
}
