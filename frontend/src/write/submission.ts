/** A text on its way: as one job, or in parts where the service takes no longer ones. */

import { answer, api, Failure, type Job } from "../api/client";
import type { Delivery } from "./draft";

export class PartlySent extends Error {
  constructor(
    readonly sent: readonly Job[],
    readonly failure: Failure,
  ) {
    super(failure.message);
  }
}

/** The jobs, in the order of the parts. Throws `PartlySent` with those that were taken before one was refused. */
export async function send(parts: readonly string[], delivery: Delivery): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const text of parts) {
    try {
      jobs.push(await sendOne(text, delivery));
    } catch (failure) {
      throw new PartlySent(jobs, failure as Failure);
    }
  }
  return jobs;
}

const AGAIN_MS = [400, 1200];

/** An answer may be lost on its way: the same key asks for the same job again, never for another. */
async function sendOne(text: string, delivery: Delivery): Promise<Job> {
  const body = { ...order(text, delivery), idempotency_key: crypto.randomUUID?.() ?? `studio-${Date.now()}-${Math.random()}` };
  for (let attempt = 0; ; attempt++) {
    try {
      return await answer(api.POST("/synthesize", { params: { query: { async_mode: true } }, body }));
    } catch (failure) {
      const pause = AGAIN_MS[attempt];
      if ((failure as Failure).status !== 0 || pause === undefined) throw failure;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

function order(text: string, { voiceId, speed, style, format, lane, language, seed, lexicon }: Delivery) {
  return {
    text,
    speed,
    format,
    priority: lane,
    lexicon,
    ...(voiceId ? { voice_id: voiceId } : {}),
    ...(style.trim() ? { style: style.trim() } : {}),
    ...(language ? { language } : {}),
    ...(/^\d{1,9}$/.test(seed) ? { seed: Number(seed) } : {}),
  };
}
