/** How often to poll, depending on how long the service takes to answer. */

const MIN_INTERVAL_MS = 5000;
/** Poll a slow service less often: it spends at most this share of its time on the requests. */
const MAX_LOAD = 0.1;

/** Returns the pause until the next request, after one that took `requestMs`. */
export function nextPollMs(requestMs: number): number {
  return Math.max(MIN_INTERVAL_MS, requestMs / MAX_LOAD - requestMs);
}
