const MIN_INTERVAL_MS = 5000;
/** Of a service for which a question is hard, it is asked less: it may work on it for this share of the time. */
const MAX_LOAD = 0.1;

/** How long until the next look, after one that took so long. */
export function nextPollMs(requestMs: number): number {
  return Math.max(MIN_INTERVAL_MS, requestMs / MAX_LOAD - requestMs);
}
