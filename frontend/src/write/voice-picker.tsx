/** All voices, to be searched, sorted out and heard. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Voice } from "../api/client";
import { languageName } from "../i18n/formats";
import { language, t } from "../i18n";
import { modelName } from "../state/models";
import { link } from "../state/route";
import { loadVoices, voices, voicesTrouble } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { preview, previewing, stopPreview } from "./preview";
import { ANY, choices, describe, search, type Wanted } from "./voice-search";
import "./voice-picker.css";

const MODELS = link("farm", undefined, new URLSearchParams({ part: "models" }));

export function VoicePicker({
  title,
  chosen,
  onChoose,
  onClose,
}: {
  title: string;
  chosen: string | null;
  onChoose: (voice: Voice) => void;
  onClose: () => void;
}) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const wanted = useSignal<Wanted>(ANY);
  useEffect(() => {
    box.current?.showModal();
    void loadVoices();
    return stopPreview;
  }, []);
  return (
    <dialog
      ref={box}
      class="dialog picker"
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === box.current) box.current?.close();
      }}
    >
      <header class="picker-head stack">
        <div class="row spread">
          <h2 id={heading}>{title}</h2>
          <IconButton kind="quiet" icon="close" label={t.value.shell.close} onPress={() => box.current?.close()} />
        </div>
        <Filters wanted={wanted.value} onChange={(some) => (wanted.value = { ...wanted.value, ...some })} />
      </header>
      <Found
        wanted={wanted.value}
        chosen={chosen}
        onAll={() => (wanted.value = ANY)}
        onChoose={(voice) => {
          box.current?.close();
          onChoose(voice);
        }}
      />
    </dialog>
  );
}

function Filters({ wanted, onChange }: { wanted: Wanted; onChange: (some: Partial<Wanted>) => void }) {
  const said = t.value.write;
  const all = voices.value ?? [];
  return (
    <>
      <input
        class="input"
        type="search"
        autofocus
        aria-label={said.search}
        placeholder={said.search}
        value={wanted.words}
        onInput={(event) => onChange({ words: event.currentTarget.value })}
      />
      <div class="picker-filters">
        <Filter
          label={said.language}
          any={said.anyLanguage}
          value={wanted.language}
          options={sorted(choices(all, "language").map((tag) => [tag, languageName(tag)]))}
          onChange={(language) => onChange({ language })}
        />
        <Filter
          label={said.model}
          any={said.anyModel}
          value={wanted.model}
          options={choices(all, "model").map((model) => [model, modelName(model)])}
          onChange={(model) => onChange({ model })}
        />
        <Filter
          label={said.gender}
          any={said.anyGender}
          value={wanted.gender}
          options={choices(all, "gender").map((gender) => [gender, said.genders(gender)])}
          onChange={(gender) => onChange({ gender })}
        />
        <label class="row small">
          <input
            class="tick"
            type="checkbox"
            checked={wanted.onlyAvailable}
            onChange={(event) => onChange({ onlyAvailable: event.currentTarget.checked })}
          />
          {said.availableOnly}
        </label>
      </div>
    </>
  );
}

/** As people look for them: by their names in the language of the page. */
function sorted(options: readonly (readonly [value: string, label: string])[]): (readonly [string, string])[] {
  return [...options].sort(([, a], [, b]) => a.localeCompare(b, language.value));
}

function Filter({
  label,
  any,
  value,
  options,
  onChange,
}: {
  label: string;
  any: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <select class="select" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{any}</option>
      {options.map(([one, name]) => (
        <option key={one} value={one}>
          {name}
        </option>
      ))}
    </select>
  );
}

function Found({
  wanted,
  chosen,
  onAll,
  onChoose,
}: {
  wanted: Wanted;
  chosen: string | null;
  onAll: () => void;
  onChoose: (voice: Voice) => void;
}) {
  const said = t.value.write;
  if (!voices.value) {
    return voicesTrouble.value ? <Trouble failure={voicesTrouble.value} onRetry={() => void loadVoices()} /> : <Skeleton lines={6} />;
  }
  const found = search(voices.value, wanted);
  if (!found.length) {
    return (
      <Empty icon="search" title={said.noVoices}>
        <p>{said.noVoicesHint}</p>
        <Button onPress={onAll}>{said.clearFilters}</Button>
      </Empty>
    );
  }
  const away = found.filter((voice) => !voice.available).length;
  return (
    <>
      <p class="small soft row spread">
        <span role="status">{said.found(found.length - away)}</span>
        {away ? <a href={MODELS}>{said.moreToDownload(away)}</a> : null}
      </p>
      <ul class="voices">
        {found.map((voice) => (
          <Row key={voice.id} voice={voice} isChosen={voice.id === chosen} onChoose={onChoose} />
        ))}
      </ul>
    </>
  );
}

function Row({ voice, isChosen, onChoose }: { voice: Voice; isChosen: boolean; onChoose: (voice: Voice) => void }) {
  const said = t.value.write;
  const mine = previewing.value?.id === voice.id;
  return (
    <li class={`voice ${voice.available ? "" : "away"}`}>
      <IconButton
        kind="quiet"
        icon={mine ? "stop" : "play"}
        label={mine ? said.previewStop : said.preview(voice.name)}
        busy={mine && !previewing.value?.heard}
        disabled={!voice.available}
        onPress={() => (mine ? stopPreview() : void preview(voice))}
      />
      <button
        type="button"
        class="voice-choice"
        aria-pressed={isChosen}
        disabled={!voice.available}
        onClick={() => onChoose(voice)}
      >
        <bdi class="voice-name">{voice.name}</bdi>
        <span class="small soft">{describe(voice)}</span>
        {voice.available ? null : <span class="small soft">{said.notAvailable}</span>}
      </button>
      <span class="voice-marks">
        {voice.available ? null : (
          <a class="small" href={MODELS} aria-label={`${said.download}: ${voice.name}`}>
            {said.download}
          </a>
        )}
        {voice.is_default ? <span class="badge accent">{said.defaultVoice}</span> : null}
        {voice.style ? <span class="badge">{said.supportsStyle}</span> : null}
        {voice.slow ? <span class="badge warn">{said.slow}</span> : null}
        {voice.available && voice.provider === "stub" ? <span class="badge warn">{said.beep}</span> : null}
        {voice.available && voice.provider === "inference" ? <span class="badge">{said.hosted}</span> : null}
      </span>
    </li>
  );
}
