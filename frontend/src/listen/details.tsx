/** Everything that is known of it, for who wants to know. */

import { bytes, count, decimal, languageName, moment, soundLength } from "../i18n/formats";
import { formatName } from "../api/formats";
import { t } from "../i18n";
import { modelName } from "../state/models";
import { voiceName } from "../state/voices";
import type { Watch } from "./job-watcher";

type Fact = readonly [name: string, value: string | null | undefined];

export function Details({ watch }: { watch: Watch }) {
  const said = t.value.listen;
  return (
    <aside class="card details" aria-label={said.details}>
      <h2>{said.details}</h2>
      <dl>
        {facts(watch).map(([name, value]) =>
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

function facts({ job, recording }: Watch): Fact[] {
  const said = t.value.listen;
  const [one, sound] = [recording.value ?? job.value, recording.value];
  if (!one) return [];
  const timings = job.value?.timings;
  const attempts = job.value?.attempts ?? 0;
  return [
    [said.voice, voiceName(one.voice_id)],
    [said.model, modelName(one.model)],
    [said.provider, said.providers(one.provider)],
    [said.language, one.language && languageName(one.language)],
    [said.speed, said.times(decimal(one.speed, 2))],
    [said.style, one.style],
    [said.format, formatName(one.format)],
    [said.duration, sound && soundLength(sound.duration_s)],
    [said.size, sound && bytes(sound.size_bytes)],
    [said.sampleRate, sound && `${decimal(sound.sample_rate_hz / 1000, 1)} kHz`],
    [said.created, moment(one.created_at)],
    [said.queueTime, milliseconds(timings?.queue_ms)],
    [said.timeToFirstAudio, milliseconds(timings?.first_audio_ms)],
    [said.speedUp, timings?.rtf ? said.times(decimal(1 / timings.rtf, 1)) : null],
    [said.attempts, attempts > 1 ? count(attempts) : null],
  ];
}

function milliseconds(value: number | null | undefined): string | null {
  if (value === null || value === undefined) return null;
  return value < 1000 ? `${count(Math.round(value))} ms` : `${decimal(value / 1000, 1)} s`;
}
