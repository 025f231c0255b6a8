/** From a job to what the player plays. */

import { durationS, play, playing, seek, toggle, track, type Track } from "../state/player";
import type { Watch } from "./job-watcher";

export function trackOf(watch: Watch): Track {
  const { recording, job } = watch;
  return {
    jobId: watch.id,
    title: watch.title.value,
    format: recording.value?.format ?? job.value?.format ?? "mp3",
    live: recording.value === null,
    ...(recording.value ? { lengthS: recording.value.duration_s } : {}),
  };
}

export function hear(watch: Watch, seconds: number): void {
  if (track.value?.jobId === watch.id && (durationS.value || track.value.live)) {
    seek(seconds);
    if (!playing.value) toggle();
  } else void play(trackOf(watch), { atS: seconds });
}
