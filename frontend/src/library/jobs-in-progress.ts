/** What is being spoken, and with it what lately was not, asked for now and then while somebody looks. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { answer, api, type Job } from "../api/client";
import { titleOf } from "../state/titles";
import { pauseMs } from "./poll-interval";
import { forgetUnspoken, lookAtUnspoken } from "./failed-jobs";

export interface UnderWay {
  jobId: string;
  title: string;
  voiceId: string;
  status: "queued" | "running";
  percent: number;
  etaS: number | null;
}

const SHOWN = 5;
/** Of so many looks one is also for those that were not spoken; and whenever something ended. */
const UNSPOKEN_EVERY = 24;

export const underWay = signal<readonly UnderWay[]>([]);
export const othersToo = signal(false);
/** Grows when something that was under way is not so any more. */
export const endings = signal(0);

type Status = UnderWay["status"];

async function jobs(status: Status, limit: number): Promise<{ items: UnderWay[]; more: boolean }> {
  const list = await answer(api.GET("/jobs", { params: { query: { status, limit } } }));
  return { items: list.items.map((job) => shown(job, status)), more: list.next_cursor !== null };
}

function shown(job: Job, status: Status): UnderWay {
  return {
    jobId: job.job_id,
    title: titleOf(job.text),
    voiceId: job.voice_id,
    status,
    percent: job.progress.percent,
    etaS: job.progress.eta_s,
  };
}

async function look(withUnspoken: boolean): Promise<void> {
  const [running, queued] = await Promise.all([jobs("running", SHOWN), jobs("queued", SHOWN)]);
  const all = [...running.items, ...queued.items.reverse()];
  const now = new Set(all.map((job) => job.jobId));
  const ended = underWay.value.some((job) => !now.has(job.jobId));
  underWay.value = all.slice(0, SHOWN);
  othersToo.value = all.length > SHOWN || running.more || queued.more;
  if (ended) endings.value += 1;
  if (ended || withUnspoken) await lookAtUnspoken();
}

/** Throws a `Failure`. */
export async function speakAgain(jobId: string): Promise<void> {
  await api.POST("/jobs/{job_id}/retry", { params: { path: { job_id: jobId } } });
  forgetUnspoken(jobId);
  await look(false);
}

/** Keeps looking as long as the component is there and the page is seen. */
export function useUnderWay(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let looks = 0;
    let left = false;
    async function turn(): Promise<void> {
      clearTimeout(timer);
      if (document.hidden || left) return;
      const began = performance.now();
      // What cannot be asked now is asked later; the rail says that the service is away.
      await look(looks++ % UNSPOKEN_EVERY === 0).catch(() => undefined);
      clearTimeout(timer);
      if (!left) timer = setTimeout(() => void turn(), pauseMs(performance.now() - began));
    }
    const onSeen = (): void => void turn();
    document.addEventListener("visibilitychange", onSeen);
    void turn();
    return () => {
      left = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onSeen);
    };
  }, []);
}
