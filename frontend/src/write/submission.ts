/** Submits texts to the service, one job for each text. */

import { api, dataOf, Failure, type Job } from "../api/client";
import { titleOf } from "../state/titles";
import type { SpeechSettings } from "./settings";

/** A job was refused after others were accepted. */
export class PartlySubmitted extends Error {
  constructor(
    readonly jobs: readonly Job[],
    readonly failure: Failure,
  ) {
    super(failure.message);
  }
}

/** Returns the jobs in the order of the texts. Throws `PartlySubmitted` when one is refused. */
export async function submit(texts: readonly string[], settings: SpeechSettings): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const [index, text] of texts.entries()) {
    try {
      jobs.push(await submitOne(text, settings, partTitle(texts, index)));
    } catch (failure) {
      throw new PartlySubmitted(jobs, failure as Failure);
    }
  }
  return jobs;
}

/** The title of a part of a long text: that of the whole text, with a number. Null for a text that is not divided. */
export function partTitle(texts: readonly string[], index: number): string | null {
  if (texts.length === 1) return null;
  const number = String(index + 1).padStart(String(texts.length).length, "0");
  return `${titleOf(texts[0] ?? "")} (${number}/${texts.length})`;
}

const RETRY_DELAYS_MS = [400, 1200];

/** Retries when there is no answer. The idempotency key keeps a retry from creating a second job. */
async function submitOne(text: string, settings: SpeechSettings, title: string | null): Promise<Job> {
  const idempotencyKey = crypto.randomUUID?.() ?? `studio-${Date.now()}-${Math.random()}`;
  const body = {
    ...requestBody(text, settings),
    ...(title === null ? {} : { title }),
    idempotency_key: idempotencyKey,
  };
  for (let attempt = 0; ; attempt++) {
    try {
      return await dataOf(api.POST("/synthesize", { params: { query: { async_mode: true } }, body }));
    } catch (failure) {
      const delayMs = RETRY_DELAYS_MS[attempt];
      if ((failure as Failure).status !== 0 || delayMs === undefined) throw failure;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

function requestBody(
  text: string,
  { voiceId, speed, style, format, lane, language, seed, lexicon }: SpeechSettings,
) {
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
