/** The search field and the filters. On a phone the filters are behind a button. */

import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { modelName } from "../state/models";
import { replaceQuery } from "../state/route";
import { voiceName, voices } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { filterOptions, type ModelOption } from "./filter-options";
import {
  countMenuFilters,
  filterQuery,
  type Filters,
  hasFilters,
  MAX_QUERY_CHARS,
  NO_FILTERS,
} from "./filters";
import { recordedVoices } from "./recordings";

const SEARCH_DELAY_MS = 250;

export function applyFilters(filters: Filters): void {
  replaceQuery(filterQuery(filters));
}

export function FilterBar({ filters }: { filters: Filters }) {
  const [open, setOpen] = useState(false);
  const texts = t.value.library;
  const activeCount = countMenuFilters(filters);
  return (
    <div class="library-filters" role="search">
      <SearchField filters={filters} />
      <button
        type="button"
        class="button library-filters-toggle"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {activeCount ? texts.filtersOn(activeCount) : texts.filters}
        <Icon name="down" />
      </button>
      <div class={`library-filters-more ${open ? "open" : ""}`}>
        <VoiceFilter filters={filters} />
        <ModelFilter filters={filters} />
        <DateField
          label={texts.from}
          value={filters.from}
          max={filters.to}
          onChange={(from) => applyFilters({ ...filters, from })}
        />
        <DateField
          label={texts.to}
          value={filters.to}
          min={filters.from}
          onChange={(to) => applyFilters({ ...filters, to })}
        />
        {filters.from && filters.to && filters.from > filters.to ? (
          <p class="note small library-date-note" role="alert">
            <Icon name="warn" />
            <span>{texts.fromAfterTo}</span>
            <Button
              compact
              onPress={() => applyFilters({ ...filters, from: filters.to, to: filters.from })}
            >
              {texts.swapDays}
            </Button>
          </p>
        ) : null}
        {hasFilters(filters) ? (
          <Button kind="quiet" icon="close" onPress={() => applyFilters(NO_FILTERS)}>
            {texts.clearAll}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function SearchField({ filters }: { filters: Filters }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(filters.q);
  const sentText = useRef(filters.q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const texts = t.value.library;

  // The URL was changed elsewhere: by a link, the back button or "clear all".
  useEffect(() => {
    if (filters.q === sentText.current) return;
    clearTimeout(timer.current);
    sentText.current = filters.q;
    setText(filters.q);
  }, [filters.q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => onSlash(() => input.current?.focus()), []);

  const latest = useRef(filters);
  latest.current = filters;
  const scheduleSearch = (q: string, afterMs: number): void => {
    setText(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sentText.current = q;
      applyFilters({ ...latest.current, q });
    }, afterMs);
  };
  return (
    <div class="library-search">
      <Icon name="search" />
      <input
        ref={input}
        class="input"
        type="search"
        dir="auto"
        value={text}
        maxLength={MAX_QUERY_CHARS}
        placeholder={texts.search}
        aria-label={texts.search}
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => scheduleSearch(event.currentTarget.value, SEARCH_DELAY_MS)}
        onKeyDown={(event) => {
          if (event.key === "Enter") scheduleSearch(event.currentTarget.value, 0);
          if (event.key === "Escape" && text !== "") {
            event.preventDefault();
            scheduleSearch("", 0);
          }
        }}
      />
      {text === "" ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <IconButton
          compact
          kind="quiet"
          icon="close"
          label={texts.clearSearch}
          onPress={() => {
            scheduleSearch("", 0);
            input.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function onSlash(run: () => void): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    run();
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

/** True if a key event belongs to a text field, so that it is no shortcut. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null
  );
}

function options(): readonly ModelOption[] {
  return filterOptions(voices.value ?? [], recordedVoices.value, modelName);
}

function VoiceFilter({ filters }: { filters: Filters }) {
  const texts = t.value.library;
  const models = options().filter((model) => filters.model === "" || model.alias === filters.model);
  const isListed = models.some((model) => model.voices.some((voice) => voice.id === filters.voice));
  return (
    <label class="field">
      <span class="label">{texts.voice}</span>
      <select
        class="select"
        value={filters.voice}
        onChange={(event) => applyFilters({ ...filters, voice: event.currentTarget.value })}
      >
        <option value="">{texts.anyVoice}</option>
        {filters.voice && !isListed ? (
          <option value={filters.voice}>{voiceName(filters.voice)}</option>
        ) : null}
        {models.map((model) => (
          <optgroup key={model.alias} label={model.name}>
            {model.voices.map((voice) => (
              <option key={voice.id} value={voice.id}>
                {voice.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function ModelFilter({ filters }: { filters: Filters }) {
  const texts = t.value.library;
  const models = options();
  const isListed = models.some((model) => model.alias === filters.model);
  return (
    <label class="field">
      <span class="label">{texts.model}</span>
      <select
        class="select"
        value={filters.model}
        onChange={(event) => applyFilters({ ...filters, model: event.currentTarget.value, voice: "" })}
      >
        <option value="">{texts.anyModel}</option>
        {filters.model && !isListed ? (
          <option value={filters.model}>{modelName(filters.model)}</option>
        ) : null}
        {models.map((model) => (
          <option key={model.alias} value={model.alias}>
            {model.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function DateField({
  label,
  value,
  min = "",
  max = "",
  onChange,
}: {
  label: string;
  value: string;
  min?: string;
  max?: string;
  onChange: (day: string) => void;
}) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <input
        class="input"
        type="date"
        value={value}
        min={min}
        max={max}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}
