/** How long a text of a given length would wait and last. Requested when the text has not changed for a moment. */

import { signal } from "@preact/signals";
import { api, dataOf } from "../api/client";

export interface Estimate {
  durationS: number;
  /** Null when no worker serves the voice. */
  waitS: number | null;
}

/** Null when there is no text, or no estimate of it. */
export const estimate = signal<Estimate | null>(null);

export interface EstimateRequest {
  chars: number;
  /** The total duration of the pause tags in the text. */
  pausesS: number;
  voiceId: string | null;
  speed: number;
  lane: "interactive" | "bulk";
}

const DEBOUNCE_MS = 500;
const CHARS_MAX = 10_000_000;

let timer: ReturnType<typeof setTimeout> | undefined;
let pending: AbortController | undefined;

/** Requests an estimate after a short delay. A later call replaces an earlier one. */
export function scheduleEstimate(request: EstimateRequest): void {
  clearTimeout(timer);
  pending?.abort();
  if (request.chars === 0) {
    estimate.value = null;
    return;
  }
  timer = setTimeout(() => void fetchEstimate(request), DEBOUNCE_MS);
}

async function fetchEstimate({ chars, pausesS, voiceId, speed, lane }: EstimateRequest): Promise<void> {
  pending = new AbortController();
  const query = {
    chars: Math.min(chars, CHARS_MAX),
    speed,
    priority: lane,
    ...(voiceId ? { voice_id: voiceId } : {}),
  };
  try {
    const response = await dataOf(api.GET("/estimate", { params: { query }, signal: pending.signal }));
    estimate.value = { durationS: response.duration_s + pausesS, waitS: response.wait_s };
  } catch {
    estimate.value = null; // An estimate is optional: without one the screen shows nothing.
  }
}
