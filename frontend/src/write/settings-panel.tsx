/** Who speaks, and how. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { decimal, languageName } from "../i18n/formats";
import { t } from "../i18n";
import { FORMATS, formatName, type Format } from "../api/formats";
import { health } from "../state/service";
import { voices, voicesById, voicesTrouble } from "../state/voices";
import { Choices } from "../ui/choices";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { change, delivery } from "./draft";
import { VoicePicker } from "./voice-picker";
import { describe } from "./voice-search";

// The service takes 0.25 to 4; beyond these two nothing sounds like speech any more.
const SLOWEST = 0.5;
const FASTEST = 2;
const LANGUAGES = ["en", "fr", "de", "es", "it", "pt", "ja", "zh", "hi"];

export function DeliveryPanel() {
  const said = t.value.write;
  const { speed, format, lane, style, language, seed } = delivery.value;
  const voice = chosenVoice();
  useSignalEffect(() => {
    // One that was kept here and is known no more gives way.
    const { voiceId } = delivery.value;
    if (voiceId && voices.value && !voicesById.value.has(voiceId)) change({ voiceId: null });
  });
  const written = health.value?.formats;
  return (
    <section class="card stack delivery" aria-label={said.settings}>
      <VoiceButton />
      <label class="field">
        <span class="label row spread">
          {said.speed}
          <output class="num">{decimal(speed, 2)}×</output>
        </span>
        <input
          class="slider"
          type="range"
          min={SLOWEST}
          max={FASTEST}
          step="0.05"
          value={speed}
          aria-valuetext={said.speedValue(decimal(speed, 2))}
          onInput={(event) => change({ speed: Number(event.currentTarget.value) })}
        />
      </label>
      {voice?.style ? (
        <label class="field">
          <span class="label">{said.style}</span>
          <textarea
            class="input"
            rows={2}
            dir="auto"
            maxLength={1000}
            placeholder={said.styleHint}
            value={style}
            onInput={(event) => change({ style: event.currentTarget.value })}
          />
        </label>
      ) : null}
      <label class="field">
        <span class="label">{said.format}</span>
        <select
          class="select"
          value={format}
          onChange={(event) => change({ format: event.currentTarget.value as Format })}
        >
          {FORMATS.map((one) => (
            <option key={one} value={one} disabled={written !== undefined && written.length > 0 && !written.includes(one)}>
              {formatName(one)}
            </option>
          ))}
        </select>
      </label>
      <div class="field">
        <span class="label">{said.lane}</span>
        <Choices
          label={said.lane}
          value={lane}
          options={[
            { value: "interactive", label: said.laneInteractive },
            { value: "bulk", label: said.laneBulk },
          ]}
          onChange={(chosen) => change({ lane: chosen })}
        />
        <span class="small soft">{said.laneHint}</span>
      </div>
      <details class="more">
        <summary>{said.more}</summary>
        <div class="stack">
          <label class="field">
            <span class="label">{said.language}</span>
            <select class="select" value={language} onChange={(event) => change({ language: event.currentTarget.value })}>
              <option value="">{said.languageAuto}</option>
              {LANGUAGES.map((tag) => (
                <option key={tag} value={tag}>
                  {languageName(tag)}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span class="label">{said.seed}</span>
            <input
              class="input num"
              inputMode="numeric"
              pattern="[0-9]*"
              maxLength={9}
              value={seed}
              onInput={(event) => change({ seed: event.currentTarget.value.replace(/\D/g, "") })}
            />
            <span class="small soft">{said.seedHint}</span>
          </label>
        </div>
      </details>
    </section>
  );
}

function chosenVoice() {
  const { voiceId } = delivery.value;
  const byDefault = voices.value?.find((voice) => voice.is_default);
  if (!voiceId) return byDefault;
  return voicesById.value.get(voiceId) ?? byDefault;
}

function VoiceButton() {
  const said = t.value.write;
  const open = useSignal(false);
  const voice = chosenVoice();
  const { voiceId } = delivery.value;
  return (
    <div class="field">
      <span class="label" aria-hidden="true">
        {said.voice}
      </span>
      <button
        type="button"
        class="voice-button"
        aria-haspopup="dialog"
        onClick={() => (open.value = true)}
      >
        <span class="voice-mark">
          <Icon name="voice" />
        </span>
        <span class="voice-text">
          <span class="aside">{said.voice} </span>
          <bdi class="clip">
            {voice?.name ?? voiceId ?? said.chooseVoice}
          </bdi>
          <span class="small soft">
            {voice ? describe(voice) : null}
          </span>
        </span>
        <Icon name="down" />
      </button>
      {voice && !voice.available ? (
        <p class="note bad small" dir="auto">
          {voice.reason}
        </p>
      ) : null}
      {voicesTrouble.value && !voices.value ? <p class="note bad small">{explain(voicesTrouble.value)}</p> : null}
      {open.value ? (
        <VoicePicker
          title={said.chooseVoice}
          chosen={voice?.id ?? null}
          onClose={() => (open.value = false)}
          onChoose={(chosen) => change({ voiceId: chosen.id })}
        />
      ) : null}
    </div>
  );
}
