/** The list of recordings. Renders only rows near the viewport, so that its cost does not grow with the list. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { go, link } from "../state/route";
import { isTyping } from "./filter-bar";
import { RecordingRow } from "./recording-row";
import { activeId, openedId, recordings, selection, updateSelection, visibleRows } from "./recordings";
import { removeRecordings } from "./removal";
import { EMPTY_SELECTION, selectAll, selectRange, toggle } from "./selection";
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
  const rows = visibleRows.value;

  useLayoutEffect(() => viewport.current.attach(list.current as HTMLDivElement, setView), []);
  useLayoutEffect(() => viewport.current.setRows(rows), [rows]);
  useEffect(() => viewport.current.restore(), []);
  useEffect(() => {
    if (view.end + LOAD_AHEAD_ROWS > rows.length && !recordings.failure.value) void recordings.loadMore();
  }, [view.end, rows.length, recordings.isLoading.value]);

  const activeIndex = rows.findIndex((row) => row.jobId === activeId.value);
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
    activeId.value = row.jobId;
    shouldFocus.current = true;
    viewport.current.scrollToRow(index);
  };
  const remove = (jobIds: readonly string[]): void => {
    const removedIds = new Set(jobIds);
    const next =
      rows.slice(Math.max(activeIndex, 0)).find((row) => !removedIds.has(row.jobId)) ??
      rows.findLast((row) => !removedIds.has(row.jobId));
    shouldFocus.current = hasFocus;
    if (removedIds.has(activeId.value ?? "")) activeId.value = next?.jobId ?? null;
    removeRecordings(jobIds);
  };
  const latest = useRef(remove);
  latest.current = remove;
  const removeOne = useCallback((jobId: string) => latest.current([jobId]), []);
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
    if (index !== null) moveTo(index);
    else if (event.key === " " && isOnRow) toggleSelection(row.jobId, event.shiftKey);
    else if (event.key === "Enter" && isOnRow) open(row.jobId);
    else if (event.key === "Delete")
      remove(selection.value.ids.has(row.jobId) ? [...selection.value.ids] : [row.jobId]);
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
      role="grid"
      aria-label={t.value.library.recordings}
      aria-description={t.value.library.keys}
      aria-multiselectable="true"
      aria-rowcount={recordings.isComplete.value ? rows.length : -1}
      style={{ height: `${rows.length * view.rowHeight}px` }}
      onKeyDown={onKeyDown}
      onFocusIn={(event: FocusEvent) => {
        setHasFocus(true);
        const id = (event.target as HTMLElement).closest<HTMLElement>("[data-job]")?.dataset["job"];
        if (id) activeId.value = id;
      }}
      onFocusOut={(event: FocusEvent) =>
        setHasFocus(list.current?.contains(event.relatedTarget as Node | null) ?? false)
      }
    >
      {renderedIndices(view, tabStop).map((index) => {
        const row = rows[index];
        return row ? (
          <RecordingRow
            key={row.jobId}
            row={row}
            index={index}
            top={index * view.rowHeight}
            isTabStop={index === tabStop}
            isSelected={selection.value.ids.has(row.jobId)}
            onSelect={toggleSelection}
            onOpen={setOpened}
            onRename={onRename}
            onRemove={removeOne}
          />
        ) : null;
      })}
    </div>
  );
}

function toggleSelection(jobId: string, isRange: boolean): void {
  updateSelection((current, ids) => (isRange ? selectRange(current, ids, jobId) : toggle(current, jobId)));
}

function setOpened(jobId: string): void {
  openedId.value = activeId.value = jobId;
}

function open(jobId: string): void {
  setOpened(jobId);
  go(link("listen", jobId));
}
