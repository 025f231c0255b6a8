/** A dialog to search, filter, preview and choose a voice. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Voice } from "../api/client";
import { languageName } from "../i18n/formats";
import { language, t } from "../i18n";
import { modelName } from "../state/models";
import { loadVoices, voices, voicesError } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { stopPreview } from "./preview";
import { VoiceList } from "./voice-list";
import { filterOptions, NO_FILTERS, searchVoices, type VoiceFilters } from "./voice-search";
import "./voice-picker.css";

export function VoicePicker({
  title,
  chosen,
  language: initialLanguage = "",
  onChoose,
  onClose,
}: {
  title: string;
  chosen: string | null;
  /** Show only voices of this language at first. */
  language?: string;
  onChoose: (voice: Voice) => void;
  onClose: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const headingId = useId();
  const filters = useSignal<VoiceFilters>({ ...NO_FILTERS, language: initialLanguage });
  useEffect(() => {
    dialog.current?.showModal();
    void loadVoices();
    return stopPreview;
  }, []);
  return (
    <dialog
      ref={dialog}
      class="dialog picker"
      aria-labelledby={headingId}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <header class="picker-head stack">
        <div class="row spread">
          <h2 id={headingId}>{title}</h2>
          <IconButton
            kind="quiet"
            icon="close"
            label={t.value.shell.close}
            onPress={() => dialog.current?.close()}
          />
        </div>
        <Filters
          filters={filters.value}
          onChange={(changes) => (filters.value = { ...filters.value, ...changes })}
        />
      </header>
      <Results
        filters={filters.value}
        chosen={chosen}
        onClearFilters={() => (filters.value = NO_FILTERS)}
        onChoose={(voice) => {
          dialog.current?.close();
          onChoose(voice);
        }}
      />
    </dialog>
  );
}

function Filters({
  filters,
  onChange,
}: {
  filters: VoiceFilters;
  onChange: (changes: Partial<VoiceFilters>) => void;
}) {
  const messages = t.value.write;
  const all = voices.value ?? [];
  return (
    <>
      <input
        class="input"
        type="search"
        autofocus
        aria-label={messages.search}
        placeholder={messages.search}
        value={filters.query}
        onInput={(event) => onChange({ query: event.currentTarget.value })}
      />
      <div class="picker-filters">
        <FilterSelect
          label={messages.language}
          anyLabel={messages.anyLanguage}
          value={filters.language}
          options={sortedByLabel(filterOptions(all, "language").map((tag) => [tag, languageName(tag)]))}
          onChange={(language) => onChange({ language })}
        />
        <FilterSelect
          label={messages.model}
          anyLabel={messages.anyModel}
          value={filters.model}
          options={filterOptions(all, "model").map((model) => [model, modelName(model)])}
          onChange={(model) => onChange({ model })}
        />
        <FilterSelect
          label={messages.gender}
          anyLabel={messages.anyGender}
          value={filters.gender}
          options={filterOptions(all, "gender").map((gender) => [gender, messages.genders(gender)])}
          onChange={(gender) => onChange({ gender })}
        />
        <label class="row small">
          <input
            class="tick"
            type="checkbox"
            checked={filters.onlyAvailable}
            onChange={(event) => onChange({ onlyAvailable: event.currentTarget.checked })}
          />
          {messages.availableOnly}
        </label>
      </div>
    </>
  );
}

/** Sorted as the current language sorts. */
function sortedByLabel(
  options: readonly (readonly [value: string, label: string])[],
): (readonly [string, string])[] {
  return [...options].sort(([, a], [, b]) => a.localeCompare(b, language.value));
}

function FilterSelect({
  label,
  anyLabel,
  value,
  options,
  onChange,
}: {
  label: string;
  anyLabel: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}) {
  return (
    <select
      class="select"
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{anyLabel}</option>
      {options.map(([option, optionLabel]) => (
        <option key={option} value={option}>
          {optionLabel}
        </option>
      ))}
    </select>
  );
}

function Results({
  filters,
  chosen,
  onClearFilters,
  onChoose,
}: {
  filters: VoiceFilters;
  chosen: string | null;
  onClearFilters: () => void;
  onChoose: (voice: Voice) => void;
}) {
  const messages = t.value.write;
  if (!voices.value) {
    return voicesError.value ? (
      <ErrorState failure={voicesError.value} onRetry={() => void loadVoices()} />
    ) : (
      <Skeleton lines={6} />
    );
  }
  const found = searchVoices(voices.value, filters);
  if (!found.length) {
    return (
      <EmptyState icon="search" title={messages.noVoices}>
        <p>{messages.noVoicesHint}</p>
        <Button onPress={onClearFilters}>{messages.clearFilters}</Button>
      </EmptyState>
    );
  }
  const unavailable = found.filter((voice) => !voice.available).length;
  return (
    <>
      <p class="small soft row spread">
        <span role="status">{messages.found(found.length - unavailable)}</span>
        {unavailable ? <span>{messages.moreToDownload(unavailable)}</span> : null}
      </p>
      <VoiceList found={found} chosen={chosen} onChoose={onChoose} />
    </>
  );
}
