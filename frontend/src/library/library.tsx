/** The library screen: search, filters and the list of recordings. */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { count, day } from "../i18n/formats";
import { link, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { Button } from "../ui/button";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { applyFilters, FilterBar, isTyping } from "./filter-bar";
import { filterQuery, type Filters, hasFilters, localDay, NO_FILTERS, parseFilters } from "./filters";
import { InProgress } from "./in-progress";
import { ListHeader } from "./list-header";
import { ROWS_MAX } from "./paged-list";
import { RecordingList } from "./recording-list";
import "./library.css";
import { endedCount } from "./jobs-in-progress";
import { openedId, recordings, refreshRow, visibleRows } from "./recordings";
import { undoRemoval } from "./removal";
import { RenameDialog } from "./rename-dialog";
import { RetentionNote } from "./retention-note";
import { resetScroll } from "./viewport";

export function Library() {
  const filters = parseFilters(route.value.query);
  const query = filterQuery(filters).toString();
  useEffect(() => {
    const previous = recordings.filters.value;
    if (previous && filterQuery(previous).toString() !== query) resetScroll();
    void recordings.show(filters);
  }, [query]);
  useEffect(() => {
    if (endedCount.value) void recordings.refresh();
  }, [endedCount.value]);
  useEffect(() => {
    if (voices.value === null) void loadVoices();
    // The opened recording may have been renamed or kept. If it was deleted, the list finds out by itself.
    if (openedId.value !== null) refreshRow(openedId.value).catch(() => undefined);
    return onUndoKey(undoRemoval);
  }, []);
  const texts = t.value;
  return (
    <div class="screen library">
      <div class="screen-head">
        <div>
          <h1>{texts.shell.library}</h1>
          <p>{texts.library.lead}</p>
        </div>
        <RetentionNote />
      </div>
      <InProgress />
      <FilterBar filters={filters} />
      <RecordingsPanel filters={filters} />
    </div>
  );
}

/** The list of recordings, or a placeholder. */
function RecordingsPanel({ filters }: { filters: Filters }) {
  const [renamingId, setRenamingId] = useState<string | null>(null);
  const rows = visibleRows.value;
  const failure = recordings.failure.value;
  const row = renamingId === null ? undefined : rows.find((one) => one.jobId === renamingId);
  const needsMore =
    rows.length === 0 && !recordings.isComplete.value && !recordings.isLoading.value && !failure;
  useEffect(() => {
    // All loaded rows are about to be deleted, so load the next page.
    if (needsMore) void recordings.loadMore();
  }, [needsMore]);
  if (!rows.length) {
    if (failure) return <ErrorState failure={failure} onRetry={() => void recordings.show(filters)} />;
    return recordings.isComplete.value && !recordings.isLoading.value ? (
      <EmptyLibrary filters={filters} />
    ) : (
      <Skeleton lines={8} />
    );
  }
  return (
    <section class="library-recordings" aria-busy={recordings.isLoading.value}>
      <ListHeader />
      <RecordingList onRename={setRenamingId} />
      <ListFooter filters={filters} />
      {row ? <RenameDialog jobId={row.jobId} title={row.title} onClose={() => setRenamingId(null)} /> : null}
    </section>
  );
}

function EmptyLibrary({ filters }: { filters: Filters }) {
  const texts = t.value.library;
  if (hasFilters(filters)) {
    return (
      <EmptyState icon="search" title={texts.notFound}>
        <p>{texts.notFoundHint}</p>
        <Button onPress={() => applyFilters(NO_FILTERS)}>{texts.clearAll}</Button>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="library" title={texts.noRecordings}>
      <p>{texts.noRecordingsHint}</p>
      <a class="button primary" href={link("write")}>
        {texts.newRecording}
      </a>
    </EmptyState>
  );
}

/** Shown below the last loaded row. */
function ListFooter({ filters }: { filters: Filters }) {
  const texts = t.value.library;
  const rows = recordings.rows.value;
  const oldest = rows.at(-1);
  if (recordings.failure.value)
    return <ErrorState failure={recordings.failure.value} onRetry={() => void recordings.retry()} />;
  if (recordings.isComplete.value) return null;
  if (rows.length < ROWS_MAX || !oldest) return <p class="library-footer soft small">{texts.loading}</p>;
  return (
    <div class="library-footer">
      <p>{texts.full(count(rows.length))}</p>
      <Button onPress={() => applyFilters({ ...filters, to: localDay(oldest.createdAt) })}>
        {texts.older(day(oldest.createdAt))}
      </Button>
    </div>
  );
}

function onUndoKey(undo: () => boolean): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isTyping(event.target))
      return;
    if (undo()) event.preventDefault();
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}
