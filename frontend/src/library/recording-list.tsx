/** The recordings. Only rows near what is seen are drawn, so that twenty thousand are as light as twenty. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { go, link } from "../state/route";
import { active, opened, recordings, select, selection, shown } from "./recordings";
import { removeRecordings } from "./removal";
import { RecordingRow } from "./recording-row";
import { all, NOTHING, ranged, toggled } from "./selection";
import { isTyping } from "./filter-bar";
import { Viewport } from "./viewport";
import { places, step } from "./windowing";

/** So many rows before the end of what is loaded, more are asked for. */
const AHEAD = 60;

export function RecordingList({ onRename }: { onRename: (jobId: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const viewport = useRef<Viewport>(null as unknown as Viewport);
  viewport.current ??= new Viewport();
  const [view, setView] = useState(viewport.current.view);
  const [hasFocus, setHasFocus] = useState(false);
  const focusWanted = useRef(false);
  const rows = shown.value;

  useLayoutEffect(() => viewport.current.attach(box.current as HTMLDivElement, setView), []);
  useLayoutEffect(() => viewport.current.settle(rows), [rows]);
  useEffect(() => viewport.current.restore(), []);
  useEffect(() => {
    if (view.end + AHEAD > rows.length && !recordings.failure.value) void recordings.more();
  }, [view.end, rows.length, recordings.loading.value]);

  const at = rows.findIndex((row) => row.jobId === active.value);
  const isSeen = at >= view.seenFirst && at < view.seenEnd;
  // The one row in the way of the Tab key: where one was, unless one has scrolled away from there.
  const stop = at >= 0 && (hasFocus || isSeen) ? at : Math.min(view.seenFirst, rows.length - 1);

  useLayoutEffect(() => {
    if (!focusWanted.current || at < 0) return;
    focusWanted.current = false;
    box.current?.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus({ preventScroll: true });
  });
  useEffect(() => {
    if (opened.value === null || opened.value !== active.value) return;
    opened.value = null;
    // Behind the frame, which gives the focus to a new screen.
    const frame = requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-at="${at}"]`)?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
  }, []);

  const moveTo = (index: number): void => {
    const row = rows[index];
    if (!row) return;
    active.value = row.jobId;
    focusWanted.current = true;
    viewport.current.reveal(index);
  };
  const remove = (jobIds: readonly string[]): void => {
    const going = new Set(jobIds);
    const next = rows.slice(Math.max(at, 0)).find((row) => !going.has(row.jobId)) ?? rows.findLast((row) => !going.has(row.jobId));
    focusWanted.current = hasFocus;
    if (going.has(active.value ?? "")) active.value = next?.jobId ?? null;
    removeRecordings(jobIds);
  };
  const latest = useRef(remove);
  latest.current = remove;
  const removeOne = useCallback((jobId: string) => latest.current([jobId]), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || isTyping(target) || target.closest("[popover], dialog")) return;
    const row = rows[stop];
    if (!row) return;
    const onRow = target.getAttribute("role") === "row";
    const to = event.altKey || event.metaKey ? null : step(event.key, { from: stop, count: rows.length, perPage: view.perPage });
    if (to !== null) moveTo(to);
    else if (event.key === " " && onRow) tick(row.jobId, event.shiftKey);
    else if (event.key === "Enter" && onRow) open(row.jobId);
    else if (event.key === "Delete") remove(selection.value.ids.has(row.jobId) ? [...selection.value.ids] : [row.jobId]);
    else if (event.key === "Escape" && selection.value.ids.size) select(() => NOTHING);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) select((_, ids) => all(ids));
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      class={`recordings ${view.wide ? "wide" : "narrow"}`}
      role="grid"
      aria-label={t.value.library.recordings}
      aria-description={t.value.library.keys}
      aria-multiselectable="true"
      aria-rowcount={recordings.complete.value ? rows.length : -1}
      style={{ height: `${rows.length * view.rowHeight}px` }}
      onKeyDown={onKeyDown}
      onFocusIn={(event: FocusEvent) => {
        setHasFocus(true);
        const id = (event.target as HTMLElement).closest<HTMLElement>("[data-job]")?.dataset["job"];
        if (id) active.value = id;
      }}
      onFocusOut={(event: FocusEvent) => setHasFocus(box.current?.contains(event.relatedTarget as Node | null) ?? false)}
    >
      {places(view, stop).map((index) => {
        const row = rows[index];
        return row ? (
          <RecordingRow
            key={row.jobId}
            row={row}
            index={index}
            top={index * view.rowHeight}
            isStop={index === stop}
            isTicked={selection.value.ids.has(row.jobId)}
            onTick={tick}
            onOpen={noteOpened}
            onRename={onRename}
            onRemove={removeOne}
          />
        ) : null;
      })}
    </div>
  );
}

function tick(jobId: string, isRange: boolean): void {
  select((now, ids) => (isRange ? ranged(now, ids, jobId) : toggled(now, jobId)));
}

function noteOpened(jobId: string): void {
  opened.value = active.value = jobId;
}

function open(jobId: string): void {
  noteOpened(jobId);
  go(link("listen", jobId));
}
