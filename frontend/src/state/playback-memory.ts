/** The position and the speed of each recording, kept in the browser. */

import { readStored, writeStored } from "./storage";

export interface PlaybackState {
  positionS: number;
  rate: number;
}

type Entry = readonly [jobId: string, positionS: number, rate: number];

const STORAGE_NAME = "playback";
const ENTRIES_MAX = 200;
/** Nearer to the beginning or the end than this, playback starts from the beginning. */
const EDGE_S = 3;

export const NEW_RECORDING: PlaybackState = { positionS: 0, rate: 1 };

export function remembered(jobId: string): PlaybackState {
  const entry = entries().find(([id]) => id === jobId);
  return entry ? { positionS: entry[1], rate: entry[2] } : NEW_RECORDING;
}

/** `durationS` is 0 while it is unknown. */
export function remember(jobId: string, { positionS, rate }: PlaybackState, durationS: number): void {
  const isAtEdge = positionS < EDGE_S || (durationS > 0 && positionS > durationS - EDGE_S);
  const position = isAtEdge ? 0 : Math.round(positionS * 10) / 10;
  const others = entries().filter(([id]) => id !== jobId);
  const isWorthKeeping = position > 0 || rate !== NEW_RECORDING.rate;
  const entry: Entry[] = isWorthKeeping ? [[jobId, position, rate]] : [];
  writeStored(STORAGE_NAME, [...entry, ...others].slice(0, ENTRIES_MAX));
}

/** Ignores values of another shape, as anything on this host can write to storage. */
function entries(): readonly Entry[] {
  const stored = readStored<unknown>(STORAGE_NAME, []);
  return Array.isArray(stored) ? stored.filter(isEntry) : [];
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value)) return false;
  const [jobId, positionS, rate] = value as unknown[];
  return typeof jobId === "string" && isNumber(positionS, 0, 1e6) && isNumber(rate, 0.25, 4);
}

function isNumber(value: unknown, min: number, max: number): boolean {
  return typeof value === "number" && value >= min && value <= max;
}
