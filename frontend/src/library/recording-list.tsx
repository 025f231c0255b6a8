/** The list of recordings. Renders only rows near the viewport, so that its cost does not grow with the list. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { go, link } from "../state/route";
import { isTyping } from "./filter-bar";
import { PartGroupRow } from "./part-group-row";
import type { Entry } from "./parts";
import { RecordingRow } from "./recording-row";
import { activeId, entries, openedId, recordings, selection, showParts, updateSelection } from "./recordings";
import { removeRecordings } from "./removal";
import { EMPTY_SELECTION, selectAll, selectMany, selectRange, toggle } from "./selection";
import { Viewport } from "./viewport";
import { renderedIndices, targetIndex } from "./windowing";

/** Load the next page when fewer rows than this are left below the rendered ones. */
const LOAD_AHEAD_ROWS = 60;

export function RecordingList({ onRename }: { onRename: (jobId: string) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const viewport = useRef<Viewport>(null as unknown as Viewport);
  viewport.current ??= new Viewport();
  const [view, setView] = useState(viewport.current.view);
  const [hasFocus, setHasFocus] = useState(false);
  const shouldFocus = useRef(false);
  const rows = entries.value;

  useLayoutEffect(() => viewport.current.attach(list.current as HTMLDivElement, setView), []);
  useLayoutEffect(() => viewport.current.setRows(rows), [rows]);
  useEffect(() => viewport.current.restore(), []);
  useEffect(() => {
    if (view.end + LOAD_AHEAD_ROWS > rows.length && !recordings.failure.value) void recordings.loadMore();
  }, [view.end, rows.length, recordings.isLoading.value]);

  const activeIndex = rows.findIndex((row) => row.id === activeId.value);
  const isVisible = activeIndex >= view.visibleFirst && activeIndex < view.visibleEnd;
  // The only tab stop of the list: the active row, unless it is scrolled out of view and has no focus.
  const tabStop =
    activeIndex >= 0 && (hasFocus || isVisible) ? activeIndex : Math.min(view.visibleFirst, rows.length - 1);

  useLayoutEffect(() => {
    if (!shouldFocus.current || activeIndex < 0) return;
    shouldFocus.current = false;
    list.current?.querySelector<HTMLElement>(`[data-index="${activeIndex}"]`)?.focus({ preventScroll: true });
  });
  useEffect(() => {
    if (openedId.value === null || openedId.value !== activeId.value) return;
    openedId.value = null;
    // In the next frame, because the shell first focuses the new screen.
    const frame = requestAnimationFrame(() =>
      list.current
        ?.querySelector<HTMLElement>(`[data-index="${activeIndex}"]`)
        ?.focus({ preventScroll: true }),
    );
    return () => cancelAnimationFrame(frame);
  }, []);

  const moveTo = (index: number): void => {
    const row = rows[index];
    if (!row) return;
    activeId.value = row.id;
    shouldFocus.current = true;
    viewport.current.scrollToRow(index);
  };
  const remove = (jobIds: readonly string[]): void => {
    const removedIds = new Set(jobIds);
    const isRemoved = (row: Entry): boolean => row.jobIds.every((jobId) => removedIds.has(jobId));
    const next =
      rows.slice(Math.max(activeIndex, 0)).find((row) => !isRemoved(row)) ??
      rows.findLast((row) => !isRemoved(row));
    shouldFocus.current = hasFocus;
    const active = rows[activeIndex];
    if (active && isRemoved(active)) activeId.value = next?.id ?? null;
    removeRecordings(jobIds);
  };
  const latest = useRef(remove);
  latest.current = remove;
  const onRemove = useCallback((jobIds: readonly string[]) => latest.current(jobIds), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || isTyping(target) || target.closest("[popover], dialog")) return;
    const row = rows[tabStop];
    if (!row) return;
    const isOnRow = target.getAttribute("role") === "row";
    const index =
      event.altKey || event.metaKey
        ? null
        : targetIndex(event.key, { from: tabStop, count: rows.length, rowsPerPage: view.rowsPerPage });
    const isGroup = row.kind === "group";
    if (index !== null) moveTo(index);
    else if (event.key === " " && isOnRow) toggleSelection(row.jobIds, event.shiftKey);
    else if (event.key === "Enter" && isOnRow) isGroup ? showParts(row.jobIds, !row.isOpen) : open(row.id);
    else if (event.key === "ArrowRight" && isGroup) showParts(row.jobIds, true);
    else if (event.key === "ArrowLeft" && isGroup) showParts(row.jobIds, false);
    else if (event.key === "Delete") remove(isSelected(row) ? [...selection.value.ids] : row.jobIds);
    else if (event.key === "Escape" && selection.value.ids.size) updateSelection(() => EMPTY_SELECTION);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey))
      updateSelection((_, ids) => selectAll(ids));
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={list}
      class={`recordings ${view.isWide ? "wide" : "narrow"}`}
      role="treegrid"
      aria-label={t.value.library.recordings}
      aria-description={t.value.library.keys}
      aria-multiselectable="true"
      aria-rowcount={recordings.isComplete.value ? rows.length : -1}
      style={{ height: `${rows.length * view.rowHeight}px` }}
      onKeyDown={onKeyDown}
      onFocusIn={(event: FocusEvent) => {
        setHasFocus(true);
        const id = (event.target as HTMLElement).closest<HTMLElement>("[data-entry]")?.dataset["entry"];
        if (id) activeId.value = id;
      }}
      onFocusOut={(event: FocusEvent) =>
        setHasFocus(list.current?.contains(event.relatedTarget as Node | null) ?? false)
      }
    >
      {renderedIndices(view, tabStop).map((index) => {
        const row = rows[index];
        if (!row) return null;
        const shared = { index, top: index * view.rowHeight, isTabStop: index === tabStop, onRemove };
        return row.kind === "group" ? (
          <PartGroupRow
            {...shared}
            key={row.id}
            entry={row}
            selected={row.jobIds.filter((jobId) => selection.value.ids.has(jobId)).length}
            onSelect={toggleSelection}
          />
        ) : (
          <RecordingRow
            {...shared}
            key={row.id}
            row={row.row}
            part={row.part}
            isSelected={isSelected(row)}
            onSelect={toggleSelection}
            onOpen={setOpened}
            onRename={onRename}
          />
        );
      })}
    </div>
  );
}

function isSelected(entry: Entry): boolean {
  return entry.jobIds.every((jobId) => selection.value.ids.has(jobId));
}

/** Selects a recording, or all parts of a group, or deselects them if they are selected. */
function toggleSelection(jobIds: readonly string[], isRange: boolean): void {
  updateSelection((current, visibleIds) =>
    isRange
      ? jobIds.reduce((range, jobId) => selectRange(range, visibleIds, jobId), current)
      : jobIds.length === 1
        ? toggle(current, jobIds[0] as string)
        : selectMany(current, jobIds),
  );
}

function setOpened(jobId: string): void {
  openedId.value = activeId.value = jobId;
}

function open(jobId: string): void {
  setOpened(jobId);
  go(link("listen", jobId));
}
