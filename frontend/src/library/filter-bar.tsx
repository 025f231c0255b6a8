/** What is looked for: words at once, and voice, model and days, which hide behind a button on a phone. */

import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { modelName } from "../state/models";
import { replaceQuery } from "../state/route";
import { voices, voiceName } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { choicesOf, type ModelChoice } from "./filter-options";
import { howMany, isAny, NONE, Q_CHARS, write, type Filters } from "./filters";
import { heard } from "./recordings";

const SEARCH_AFTER_MS = 250;

export function ask(filters: Filters): void {
  replaceQuery(write(filters));
}

export function FilterBar({ filters }: { filters: Filters }) {
  const [open, setOpen] = useState(false);
  const said = t.value.library;
  const on = howMany(filters);
  return (
    <div class="library-filters" role="search">
      <Search filters={filters} />
      <button type="button" class="button library-filters-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        {on ? said.filtersOn(on) : said.filters}
        <Icon name="down" />
      </button>
      <div class={`library-filters-more ${open ? "open" : ""}`}>
        <Voices filters={filters} />
        <Models filters={filters} />
        <Day label={said.from} value={filters.from} max={filters.to} onChange={(from) => ask({ ...filters, from })} />
        <Day label={said.to} value={filters.to} min={filters.from} onChange={(to) => ask({ ...filters, to })} />
        {isAny(filters) ? (
          <Button kind="quiet" icon="close" onPress={() => ask(NONE)}>
            {said.clearAll}
          </Button>
        ) : null}
      </div>
    </div>
  );
}

function Search({ filters }: { filters: Filters }) {
  const box = useRef<HTMLInputElement>(null);
  const [words, setWords] = useState(filters.q);
  const sent = useRef(filters.q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const said = t.value.library;

  // The address was changed by something else: a link, going back, "clear all".
  useEffect(() => {
    if (filters.q === sent.current) return;
    clearTimeout(timer.current);
    sent.current = filters.q;
    setWords(filters.q);
  }, [filters.q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => onSlash(() => box.current?.focus()), []);

  const latest = useRef(filters);
  latest.current = filters;
  const search = (q: string, afterMs: number): void => {
    setWords(q);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sent.current = q;
      ask({ ...latest.current, q });
    }, afterMs);
  };
  return (
    <div class="library-search">
      <Icon name="search" />
      <input
        ref={box}
        class="input"
        type="search"
        dir="auto"
        value={words}
        maxLength={Q_CHARS}
        placeholder={said.search}
        aria-label={said.search}
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => search(event.currentTarget.value, SEARCH_AFTER_MS)}
        onKeyDown={(event) => {
          if (event.key === "Enter") search(event.currentTarget.value, 0);
          if (event.key === "Escape" && words !== "") {
            event.preventDefault();
            search("", 0);
          }
        }}
      />
      {words === "" ? (
        <kbd aria-hidden="true">/</kbd>
      ) : (
        <IconButton
          compact
          kind="quiet"
          icon="close"
          label={said.clearSearch}
          onPress={() => {
            search("", 0);
            box.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function onSlash(run: () => void): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    run();
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}

/** A key belongs to the field it is typed into. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function choices(): readonly ModelChoice[] {
  return choicesOf(voices.value ?? [], heard.value, modelName);
}

function Voices({ filters }: { filters: Filters }) {
  const said = t.value.library;
  const models = choices().filter((model) => filters.model === "" || model.alias === filters.model);
  const isListed = models.some((model) => model.voices.some((voice) => voice.id === filters.voice));
  return (
    <label class="field">
      <span class="label">{said.voice}</span>
      <select class="select" value={filters.voice} onChange={(event) => ask({ ...filters, voice: event.currentTarget.value })}>
        <option value="">{said.anyVoice}</option>
        {filters.voice && !isListed ? <option value={filters.voice}>{voiceName(filters.voice)}</option> : null}
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

function Models({ filters }: { filters: Filters }) {
  const said = t.value.library;
  const models = choices();
  const isListed = models.some((model) => model.alias === filters.model);
  return (
    <label class="field">
      <span class="label">{said.model}</span>
      <select class="select" value={filters.model} onChange={(event) => ask({ ...filters, model: event.currentTarget.value, voice: "" })}>
        <option value="">{said.anyModel}</option>
        {filters.model && !isListed ? <option value={filters.model}>{modelName(filters.model)}</option> : null}
        {models.map((model) => (
          <option key={model.alias} value={model.alias}>
            {model.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day({
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
