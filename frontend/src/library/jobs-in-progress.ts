/** Polls the queued and running jobs, and now and then the failed ones, while the page is visible. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, dataOf, type Job } from "../api/client";
import { dropFailedJob, refreshFailedJobs } from "./failed-jobs";
import { nextPollMs } from "./poll-interval";

export interface JobInProgress {
  jobId: string;
  title: string;
  voiceId: string;
  status: "queued" | "running";
  percent: number;
  etaS: number | null;
}

const MAX_SHOWN = 5;
/** Load failed jobs once in this many polls, and whenever a job has ended. */
const FAILED_JOBS_EVERY = 24;

export const jobsInProgress = signal<readonly JobInProgress[]>([]);
export const hasMoreJobs = signal(false);
/** Increases whenever a job is no longer in progress. */
export const endedCount = signal(0);

type Status = JobInProgress["status"];

async function fetchJobs(
  status: Status,
  limit: number,
): Promise<{ items: JobInProgress[]; hasMore: boolean }> {
  const list = await dataOf(api.GET("/jobs", { params: { query: { status, limit } } }));
  return { items: list.items.map((job) => toJobInProgress(job, status)), hasMore: list.next_cursor !== null };
}

function toJobInProgress(job: Job, status: Status): JobInProgress {
  return {
    jobId: job.job_id,
    title: job.title,
    voiceId: job.voice_id,
    status,
    percent: job.progress.percent,
    etaS: job.progress.eta_s,
  };
}

async function refresh(includeFailed: boolean): Promise<void> {
  const [running, queued] = await Promise.all([
    fetchJobs("running", MAX_SHOWN),
    fetchJobs("queued", MAX_SHOWN),
  ]);
  const all = [...running.items, ...queued.items.reverse()];
  const activeIds = new Set(all.map((job) => job.jobId));
  const ended = jobsInProgress.value.some((job) => !activeIds.has(job.jobId));
  jobsInProgress.value = all.slice(0, MAX_SHOWN);
  hasMoreJobs.value = all.length > MAX_SHOWN || running.hasMore || queued.hasMore;
  if (ended) endedCount.value += 1;
  if (ended || includeFailed) await refreshFailedJobs();
}

/** Retries a failed or cancelled job. Throws a `Failure`. */
export async function retryJob(jobId: string): Promise<void> {
  await api.POST("/jobs/{job_id}/retry", { params: { path: { job_id: jobId } } });
  dropFailedJob(jobId);
  await refresh(false);
}

/** Polls while the component is mounted and the page is visible. */
export function useJobsInProgress(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let polls = 0;
    let isUnmounted = false;
    async function run(): Promise<void> {
      clearTimeout(timer);
      if (document.hidden || isUnmounted) return;
      const startedMs = performance.now();
      // Errors are ignored: the next poll tries again, and the sidebar shows that the service is unreachable.
      await refresh(polls++ % FAILED_JOBS_EVERY === 0).catch(() => undefined);
      clearTimeout(timer);
      if (!isUnmounted) timer = setTimeout(() => void run(), nextPollMs(performance.now() - startedMs));
    }
    const onVisible = (): void => void run();
    document.addEventListener("visibilitychange", onVisible);
    void run();
    return () => {
      isUnmounted = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, []);
}
