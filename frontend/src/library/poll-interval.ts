const EVERY_MS = 5000;
/** Of a service for which a question is hard, it is asked less: it may work on it for this share of the time. */
const SHARE = 0.1;

/** How long until the next look, after one that took so long. */
export function pauseMs(tookMs: number): number {
  return Math.max(EVERY_MS, tookMs / SHARE - tookMs);
}
