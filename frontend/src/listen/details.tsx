/** The properties of a recording or a job. */

import { bytes, count, decimal, languageName, moment, soundLength } from "../i18n/formats";
import { formatName } from "../api/formats";
import type { Recording } from "../api/client";
import { t } from "../i18n";
import { modelName } from "../state/models";
import { voiceName } from "../state/voices";
import type { JobWatcher } from "./job-watcher";

type Property = readonly [name: string, value: string | null | undefined];

export function Details({ watcher }: { watcher: JobWatcher }) {
  const messages = t.value.listen;
  return (
    <aside class="card details" aria-label={messages.details}>
      <h2>{messages.details}</h2>
      <dl>
        {propertiesOf(watcher).map(([name, value]) =>
          value ? (
            <div key={name}>
              <dt>{name}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ) : null,
        )}
      </dl>
    </aside>
  );
}

function propertiesOf({ job, recording }: JobWatcher): Property[] {
  const messages = t.value.listen;
  const audio = recording.value;
  const source = audio ?? job.value;
  if (!source) return [];
  const timings = job.value?.timings;
  const attempts = job.value?.attempts ?? 0;
  return [
    [messages.voice, voiceName(source.voice_id)],
    [messages.model, modelName(source.model)],
    [messages.provider, messages.providers(source.provider)],
    [messages.language, source.language && languageName(source.language)],
    [messages.speed, messages.times(decimal(source.speed, 2))],
    [messages.style, source.style],
    [messages.format, formatName(source.format)],
    [messages.duration, audio && soundLength(audio.duration_s)],
    [messages.size, audio && bytes(audio.size_bytes)],
    [messages.sampleRate, audio && `${decimal(audio.sample_rate_hz / 1000, 1)} kHz`],
    [messages.created, moment(source.created_at)],
    [messages.keptUntil, audio && keptUntil(audio)],
    [messages.queueTime, milliseconds(timings?.queue_ms)],
    [messages.timeToFirstAudio, milliseconds(timings?.first_audio_ms)],
    [messages.speedUp, timings?.rtf ? messages.times(decimal(1 / timings.rtf, 1)) : null],
    [messages.attempts, attempts > 1 ? count(attempts) : null],
  ];
}

/** Until when the retention keeps a recording. Null without a limit on its age. */
function keptUntil(recording: Recording): string | null {
  if (recording.kept) return t.value.library.kept;
  return recording.expires_at && moment(recording.expires_at);
}

function milliseconds(value: number | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value < 1000 ? `${count(Math.round(value))} ms` : `${decimal(value / 1000, 1)} s`;
}
