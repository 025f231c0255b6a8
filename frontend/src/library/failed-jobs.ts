/** What failed or was cancelled within a day: it is in no library, and could not be found again otherwise. */

import { computed, signal } from "@preact/signals";
import { answer, api, type Job } from "../api/client";
import { titleOf } from "../state/titles";
import { pendingRemovals } from "./removal";

export interface Unspoken {
  jobId: string;
  title: string;
  voiceId: string;
  status: "failed" | "cancelled";
  /** Empty of what was cancelled. */
  error: string;
  /** Milliseconds of the epoch. */
  endedAt: number;
}

const SHOWN_EACH = 5;
const SHOWN_FOR_MS = 24 * 3_600_000;

const found = signal<readonly Unspoken[]>([]);

/** The latest first, without those that are being removed. */
export const unspoken = computed(() => found.value.filter((job) => !pendingRemovals.value.has(job.jobId)));

export async function lookAtUnspoken(): Promise<void> {
  const both = await Promise.all([ended("failed"), ended("cancelled")]);
  found.value = lately(both.flat(), Date.now());
}

async function ended(status: Unspoken["status"]): Promise<readonly Unspoken[]> {
  const { items } = await answer(api.GET("/jobs", { params: { query: { status, limit: SHOWN_EACH } } }));
  return items.map((job) => unspokenOf(job, status));
}

function unspokenOf(job: Job, status: Unspoken["status"]): Unspoken {
  return {
    jobId: job.job_id,
    title: titleOf(job.text),
    voiceId: job.voice_id,
    status,
    error: job.error?.message ?? "",
    endedAt: Date.parse(job.finished_at ?? job.created_at),
  };
}

export function lately(jobs: readonly Unspoken[], now: number): readonly Unspoken[] {
  return jobs.filter((job) => now - job.endedAt < SHOWN_FOR_MS).sort((a, b) => b.endedAt - a.endedAt);
}

/** It is under way again. */
export function forgetUnspoken(jobId: string): void {
  found.value = found.value.filter((job) => job.jobId !== jobId);
}
