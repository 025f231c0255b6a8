/** The panel with the voice and the other speech settings. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { decimal, languageName } from "../i18n/formats";
import { t } from "../i18n";
import { type Format, formatName, FORMATS } from "../api/formats";
import { health } from "../state/service";
import { voices, voicesById, voicesError } from "../state/voices";
import { Choices } from "../ui/choices";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { chosenVoice } from "./chosen-voice";
import { changeSettings, settings } from "./settings";
import { VoiceNotes } from "./voice-note";
import { VoicePicker } from "./voice-picker";
import { describeVoice } from "./voice-search";

// The service accepts 0.25 to 4, but speech is hard to understand outside this range.
const SPEED_MIN = 0.5;
const SPEED_MAX = 2;
const LANGUAGES = ["en", "fr", "de", "es", "it", "pt", "ja", "zh", "hi"];

export function SettingsPanel() {
  const messages = t.value.write;
  const { speed, format, lane, style, language, seed } = settings.value;
  const voice = chosenVoice.value;
  useSignalEffect(() => {
    // Falls back to the default when the stored voice no longer exists.
    const { voiceId } = settings.value;
    if (voiceId && voices.value && !voicesById.value.has(voiceId)) changeSettings({ voiceId: null });
  });
  const formats = health.value?.formats;
  return (
    <section class="card stack settings-panel" aria-label={messages.settings}>
      <VoiceButton />
      <label class="field">
        <span class="label row spread">
          {messages.speed}
          <output class="num">{decimal(speed, 2)}×</output>
        </span>
        <input
          class="slider"
          type="range"
          min={SPEED_MIN}
          max={SPEED_MAX}
          step="0.05"
          value={speed}
          aria-valuetext={messages.speedValue(decimal(speed, 2))}
          onInput={(event) => changeSettings({ speed: Number(event.currentTarget.value) })}
        />
      </label>
      {voice?.style ? (
        <label class="field">
          <span class="label">{messages.style}</span>
          <textarea
            class="input"
            rows={2}
            dir="auto"
            maxLength={1000}
            placeholder={messages.styleHint}
            value={style}
            onInput={(event) => changeSettings({ style: event.currentTarget.value })}
          />
        </label>
      ) : null}
      <label class="field">
        <span class="label">{messages.format}</span>
        <select
          class="select"
          value={format}
          onChange={(event) => changeSettings({ format: event.currentTarget.value as Format })}
        >
          {FORMATS.map((name) => (
            <option
              key={name}
              value={name}
              disabled={formats !== undefined && formats.length > 0 && !formats.includes(name)}
            >
              {formatName(name)}
            </option>
          ))}
        </select>
      </label>
      <div class="field">
        <span class="label">{messages.lane}</span>
        <Choices
          label={messages.lane}
          value={lane}
          options={[
            { value: "interactive", label: messages.laneInteractive },
            { value: "bulk", label: messages.laneBulk },
          ]}
          onChange={(chosen) => changeSettings({ lane: chosen })}
        />
        <span class="small soft">{messages.laneHint}</span>
      </div>
      <details class="more-options">
        <summary>{messages.more}</summary>
        <div class="stack">
          <label class="field">
            <span class="label">{messages.language}</span>
            <select
              class="select"
              value={language}
              onChange={(event) => changeSettings({ language: event.currentTarget.value })}
            >
              <option value="">{messages.languageAuto}</option>
              {[...new Set([...LANGUAGES, language].filter(Boolean))].map((tag) => (
                <option key={tag} value={tag}>
                  {languageName(tag)}
                </option>
              ))}
            </select>
          </label>
          <label class="field">
            <span class="label">{messages.seed}</span>
            <input
              class="input num"
              inputMode="numeric"
              pattern="[0-9]*"
              maxLength={9}
              value={seed}
              onInput={(event) => changeSettings({ seed: event.currentTarget.value.replace(/\D/g, "") })}
            />
            <span class="small soft">{messages.seedHint}</span>
          </label>
        </div>
      </details>
    </section>
  );
}

function VoiceButton() {
  const messages = t.value.write;
  /** The language that the picker shows at first, empty for all; null while it is closed. */
  const pickerLanguage = useSignal<string | null>(null);
  const voice = chosenVoice.value;
  const { voiceId } = settings.value;
  return (
    <div class="field">
      <span class="label" aria-hidden="true">
        {messages.voice}
      </span>
      <button
        type="button"
        class="voice-button"
        aria-haspopup="dialog"
        onClick={() => (pickerLanguage.value = "")}
      >
        <span class="voice-icon">
          <Icon name="voice" />
        </span>
        <span class="voice-text">
          <span class="visually-hidden">{messages.voice} </span>
          <bdi class="clip">{voice?.name ?? voiceId ?? messages.chooseVoice}</bdi>
          <span class="small soft">{voice ? describeVoice(voice) : null}</span>
        </span>
        <Icon name="down" />
      </button>
      <VoiceNotes onFindVoice={(tag) => (pickerLanguage.value = tag)} />
      {voicesError.value && !voices.value ? <p class="note bad small">{explain(voicesError.value)}</p> : null}
      {pickerLanguage.value !== null ? (
        <VoicePicker
          title={messages.chooseVoice}
          chosen={voice?.id ?? null}
          language={pickerLanguage.value}
          onClose={() => (pickerLanguage.value = null)}
          onChoose={(chosen) => changeSettings({ voiceId: chosen.id })}
        />
      ) : null}
    </div>
  );
}
