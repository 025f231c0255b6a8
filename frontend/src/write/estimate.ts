/** What a text of so many characters would take, asked once it has been left alone for a moment. */

import { signal } from "@preact/signals";
import { answer, api } from "../api/client";

export interface Estimate {
  durationS: number;
  /** Null when nobody serves the voice. */
  waitS: number | null;
}

export const estimate = signal<Estimate | null>(null);

export interface Asked {
  chars: number;
  /** Pauses that are written into the text. */
  restS: number;
  voiceId: string | null;
  speed: number;
  lane: "interactive" | "bulk";
}

const AFTER_MS = 500;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | undefined;

export function estimateLater(asked: Asked): void {
  clearTimeout(timer);
  asking?.abort();
  if (asked.chars === 0) {
    estimate.value = null;
    return;
  }
  timer = setTimeout(() => void ask(asked), AFTER_MS);
}

async function ask({ chars, restS, voiceId, speed, lane }: Asked): Promise<void> {
  asking = new AbortController();
  const query = { chars: Math.min(chars, 10_000_000), speed, priority: lane, ...(voiceId ? { voice_id: voiceId } : {}) };
  try {
    const told = await answer(api.GET("/estimate", { params: { query }, signal: asking.signal }));
    estimate.value = { durationS: told.duration_s + restS, waitS: told.wait_s };
  } catch {
    estimate.value = null; // an estimate is no promise: without one, nothing is said
  }
}
