/** Plays the recording of a job. */

import { durationS, play, playing, seek, toggle, track, type Track } from "../state/player";
import type { JobWatcher } from "./job-watcher";

export function trackOf(watcher: JobWatcher): Track {
  const { recording, job } = watcher;
  return {
    jobId: watcher.id,
    title: watcher.title.value,
    format: recording.value?.format ?? job.value?.format ?? "mp3",
    live: recording.value === null,
    ...(recording.value ? { lengthS: recording.value.duration_s } : {}),
  };
}

export function canPlay({ recording, job }: JobWatcher): boolean {
  return recording.value !== null || job.value?.status === "running" || job.value?.status === "queued";
}

export function playFrom(watcher: JobWatcher, positionS: number): void {
  if (track.value?.jobId === watcher.id && (durationS.value || track.value.live)) {
    seek(positionS);
    if (!playing.value) toggle();
  } else void play(trackOf(watcher), { atS: positionS });
}
