/** The audio player. There is one for the whole page, and it keeps playing when the screen changes.
 *
 * A running job plays as a stream, from its first segment on. A finished job plays from its file, which is seekable.
 */

import { computed, effect, signal } from "@preact/signals";
import { api, dataOf, type Failure, serviceUrl } from "../api/client";
import { transcode } from "../api/transcode";
import { onlyOneTab } from "./one-tab";
import { remember, remembered } from "./playback-memory";
import { readStored, writeStored } from "./storage";

const VOLUME_NAME = "volume";

export interface Track {
  jobId: string;
  title: string;
  format: string;
  /** True while the job is running. */
  live: boolean;
  /** The duration in seconds, known once the job is finished. */
  lengthS?: number;
}

export const track = signal<Track | null>(null);
export const playing = signal(false);
/** True from a request to play until audio is available. */
export const waiting = signal(false);
/** True after the end of the audio was reached, until it plays again. */
export const hasEnded = signal(false);
export const positionS = signal(0);
/** The duration of the track, 0 while it is unknown. */
export const durationS = computed(() => elementDurationS.value || (track.value?.lengthS ?? 0));
/** The duration that the audio element reports, 0 for a stream. */
const elementDurationS = signal(0);
export const rate = signal(1);
/** From 0 to 1. */
export const volume = signal(storedVolume());
/** The expected duration of a live track, 0 while it is unknown. */
export const expectedS = signal(0);
/** How much of a live track is generated, as far as is known: the end of the last segment of its screen. */
export const generatedS = signal(0);
/** The track that a press of Play starts when none is loaded, such as that of the screen. */
export const offered = signal<Track | null>(null);
export const trouble = signal<"none" | "sound" | "asks">("none");

export const audio = new Audio();
audio.preload = "metadata";
audio.volume = volume.value;
const tellOtherTabs = onlyOneTab(() => audio.pause());

/** MIME types by format. Browsers cannot play raw PCM, so it has none. */
const TYPES: Record<string, string> = {
  wav: "audio/wav",
  mp3: "audio/mpeg",
  flac: "audio/flac",
  opus: 'audio/ogg; codecs="opus"',
  aac: "audio/aac",
};

export function isPlayable(format: string): boolean {
  const type = TYPES[format];
  return type !== undefined && audio.canPlayType(type) !== "";
}

/**
 * Starts a track, by default where it was left. Call it from a click or key handler, or the browser may block playback.
 */
export async function play(next: Track, { atS }: { atS?: number } = {}): Promise<void> {
  const last = remembered(next.jobId);
  const startS = atS ?? (next.live ? 0 : last.positionS);
  if (track.value?.jobId !== next.jobId) [rate.value, generatedS.value] = [last.rate, 0];
  rememberPlayback();
  // The previous track must not go on under the new title.
  audio.pause();
  audio.removeAttribute("src");
  track.value = next;
  trouble.value = "none";
  positionS.value = startS;
  elementDurationS.value = 0;
  expectedS.value = 0;
  if (next.live && !isPlayable(next.format)) return; // it plays once the job is finished
  waiting.value = true;
  const source = await sourceOf(next);
  if (track.value !== next || source === null) return;
  await startSource(source, startS);
}

/** Checks whether the job of a live track has ended. The player does so itself, as any screen may be shown. */
async function pollJob(current: Track): Promise<void> {
  if (expectedS.value === 0) void expectDuration(current);
  const status = await fetchStatus(current.jobId);
  if (track.value !== current) return;
  if (status === "failed" || status === "cancelled" || status === "deleted") stop();
  else if (status === "completed") await switchToRecording(current);
}

/** Switches a track to the finished recording. A stream that plays goes on; the file takes over at the next seek. */
async function switchToRecording(current: Track): Promise<void> {
  const path = { job_id: current.jobId };
  const recording = await dataOf(api.GET("/history/{job_id}", { params: { path } })).catch(() => null);
  if (track.value !== current || !recording) return;
  const { title, format, duration_s: lengthS } = recording;
  track.value = { jobId: current.jobId, title, format, live: false, lengthS };
  if (audio.src === "") void play(track.value);
}

/** Estimates the duration of a live track, so that its position and the time left can be shown. */
async function expectDuration(current: Track): Promise<void> {
  const path = { job_id: current.jobId };
  try {
    const { text, voice_id, speed } = await dataOf(api.GET("/jobs/{job_id}", { params: { path } }));
    const query = { chars: Math.max(1, text.length), voice_id, speed };
    const { duration_s } = await dataOf(api.GET("/estimate", { params: { query } }));
    if (track.value === current) expectedS.value = duration_s;
  } catch {
    // Without an estimate the player shows only the position.
  }
}

const POLL_INTERVAL_MS = 2000;
let pollTimer: ReturnType<typeof setInterval> | undefined;
effect(() => {
  const current = track.value;
  clearInterval(pollTimer);
  if (!current?.live) return;
  void expectDuration(current);
  pollTimer = setInterval(() => void pollJob(current), POLL_INTERVAL_MS);
});

export function toggle(): void {
  const current = track.value;
  if (!current) {
    if (offered.value) void play(offered.value);
    return;
  }
  if (!audio.paused) audio.pause();
  else if (audio.src === "" || audio.error || (audio.ended && isStreamed()))
    void play(current, { atS: audio.ended ? 0 : positionS.value });
  else void resume();
}

/** Seeks within the track. Does nothing while there is no audio yet. */
export function seek(seconds: number): void {
  const current = track.value;
  if (!current || audio.src === "") return;
  if (isStreamed() && !current.live) void play(current, { atS: seconds });
  else {
    // Of a live track only what is generated is seekable.
    audio.currentTime = Math.max(0, current.live ? Math.min(seconds, seekableS()) : seconds);
    positionS.value = audio.currentTime;
  }
}

/** Seeks by some seconds, forwards or backwards. */
export function skip(seconds: number): void {
  seek(Math.min(positionS.value + seconds, durationS.value || Number.POSITIVE_INFINITY));
}

/** How much of a live track can be played. Buffered audio alone is no limit: browsers buffer a few seconds ahead. */
function seekableS(): number {
  const { buffered } = audio;
  const bufferedS = buffered.length ? buffered.end(buffered.length - 1) : audio.currentTime;
  return Math.max(generatedS.value, bufferedS);
}

export function setRate(value: number): void {
  rate.value = value;
  audio.playbackRate = value;
  rememberPlayback();
}

export function setVolume(value: number): void {
  volume.value = Math.min(1, Math.max(0, value));
  audio.volume = volume.value;
  writeStored(VOLUME_NAME, volume.value);
}

function storedVolume(): number {
  const stored = readStored<unknown>(VOLUME_NAME, 1);
  return typeof stored === "number" && stored >= 0 && stored <= 1 ? stored : 1;
}

function rememberPlayback(): void {
  const current = track.value;
  if (current && !current.live)
    remember(current.jobId, { positionS: positionS.value, rate: rate.value }, durationS.value);
}

export function stop(jobId?: string): void {
  if (jobId !== undefined && track.value?.jobId !== jobId) return;
  rememberPlayback();
  track.value = null;
  audio.removeAttribute("src");
  audio.load();
  waiting.value = false;
}

function isStreamed(): boolean {
  return audio.src.endsWith("/stream");
}

async function sourceOf(next: Track): Promise<string | null> {
  if (next.live) return serviceUrl(`/jobs/${next.jobId}/stream`);
  if (isPlayable(next.format)) return serviceUrl(`/jobs/${next.jobId}/audio`);
  try {
    return serviceUrl(await transcode(next.jobId, isPlayable("mp3") ? "mp3" : "wav"));
  } catch {
    fail("sound");
    return null;
  }
}

async function startSource(source: string, atS: number): Promise<void> {
  audio.src = source;
  audio.playbackRate = rate.value;
  if (atS > 0) audio.currentTime = atS;
  await resume();
}

async function resume(): Promise<void> {
  try {
    await audio.play();
  } catch (error) {
    const name = (error as DOMException).name;
    // AbortError: another track has started. NotAllowedError: the browser wants a user gesture first.
    if (name === "AbortError") return;
    fail(name === "NotAllowedError" ? "asks" : "sound");
  }
}

function fail(why: "sound" | "asks"): void {
  waiting.value = false;
  trouble.value = why;
}

const RETRY_DELAYS_MS = [500, 1500, 4000];
let retries = 0;

/** Restarts a broken stream at the current position, unless its job failed or was cancelled. */
async function reconnect(): Promise<void> {
  const current = track.value;
  if (!current || audio.src === "") return;
  const [atS, delayMs] = [positionS.value, RETRY_DELAYS_MS[retries++]];
  if (delayMs === undefined) return fail("sound");
  waiting.value = true;
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  const status = await fetchStatus(current.jobId);
  if (track.value?.jobId !== current.jobId) return;
  if (status === "failed" || status === "cancelled" || status === "deleted") stop();
  else void play(track.value, { atS });
}

/** Returns the status of a job, or null if the service could not tell. */
async function fetchStatus(jobId: string): Promise<string | null> {
  try {
    return (await dataOf(api.GET("/jobs/{job_id}", { params: { path: { job_id: jobId } } }))).status;
  } catch (failure) {
    // 410: deleted. 404: cleaned up, so the job had ended; its recording is requested next.
    const { status } = failure as Failure;
    return status === 410 ? "deleted" : status === 404 ? "completed" : null;
  }
}

for (const name of [
  "play",
  "playing",
  "pause",
  "waiting",
  "timeupdate",
  "durationchange",
  "ended",
  "error",
] as const) {
  audio.addEventListener(name, () => {
    if (name === "error") return void reconnect();
    if (name === "timeupdate") {
      // A new source resets the time to 0, so only progress beyond the last position proves that the stream works.
      if (audio.currentTime > positionS.value) retries = 0;
      if (audio.readyState > 0 && !audio.ended) positionS.value = audio.currentTime;
    }
    if (name === "playing") trouble.value = "none";
    if (name === "play") tellOtherTabs();
    if (name === "playing" || name === "pause") waiting.value = false;
    if (name === "waiting") waiting.value = true;
    hasEnded.value = audio.ended;
    playing.value = !audio.paused && !audio.ended;
    elementDurationS.value = Number.isFinite(audio.duration) ? audio.duration : 0;
    if (audio.ended) positionS.value = durationS.value;
    if (name === "pause" || name === "ended") rememberPlayback();
  });
}

const REMEMBER_INTERVAL_MS = 5000;
setInterval(() => {
  if (playing.value) rememberPlayback();
}, REMEMBER_INTERVAL_MS);
addEventListener("pagehide", rememberPlayback);
