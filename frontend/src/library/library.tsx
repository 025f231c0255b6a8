/** The library: everything that was spoken, found again. */

import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { count, day } from "../i18n/formats";
import { link, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { Button } from "../ui/button";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { ask, FilterBar, isTyping } from "./filter-bar";
import { dayOf, isAny, NONE, read, write, type Filters } from "./filters";
import { InProgress } from "./in-progress";
import { RecordingList } from "./recording-list";
import { ListHead } from "./list-header";
import { ROWS_MAX } from "./paged-list";
import "./library.css";
import { lookAgain, opened, recordings, shown } from "./recordings";
import { undoRemoval } from "./removal";
import { RenameDialog } from "./rename-dialog";
import { endings } from "./jobs-in-progress";
import { toTheTop } from "./viewport";

export function Library() {
  const filters = read(route.value.query);
  const asked = write(filters).toString();
  useEffect(() => {
    const before = recordings.filters.value;
    if (before && write(before).toString() !== asked) toTheTop();
    void recordings.show(filters);
  }, [asked]);
  useEffect(() => {
    if (endings.value) void recordings.refresh();
  }, [endings.value]);
  useEffect(() => {
    if (voices.value === null) void loadVoices();
    // What was opened may have been renamed there. What is gone by now, the list itself finds out.
    if (opened.value !== null) lookAgain(opened.value).catch(() => undefined);
    return onUndo(undoRemoval);
  }, []);
  const said = t.value;
  return (
    <div class="screen library">
      <div class="screen-head">
        <div>
          <h1>{said.shell.library}</h1>
          <p>{said.library.lead}</p>
        </div>
      </div>
      <InProgress />
      <FilterBar filters={filters} />
      <Shelf filters={filters} />
    </div>
  );
}

/** The list, or what stands in its place. */
function Shelf({ filters }: { filters: Filters }) {
  const [renamed, setRenamed] = useState<string | null>(null);
  const rows = shown.value;
  const failure = recordings.failure.value;
  const row = renamed === null ? undefined : rows.find((one) => one.jobId === renamed);
  const isBare = rows.length === 0 && !recordings.complete.value && !recordings.loading.value && !failure;
  useEffect(() => {
    // All that was loaded is about to be deleted: what is behind it comes up.
    if (isBare) void recordings.more();
  }, [isBare]);
  if (!rows.length) {
    if (failure) return <Trouble failure={failure} onRetry={() => void recordings.show(filters)} />;
    return recordings.complete.value && !recordings.loading.value ? <None filters={filters} /> : <Skeleton lines={8} />;
  }
  return (
    <section class="library-shelf" aria-busy={recordings.loading.value}>
      <ListHead />
      <RecordingList onRename={setRenamed} />
      <Foot filters={filters} />
      {row ? <RenameDialog jobId={row.jobId} title={row.title} onClose={() => setRenamed(null)} /> : null}
    </section>
  );
}

function None({ filters }: { filters: Filters }) {
  const said = t.value.library;
  if (isAny(filters)) {
    return (
      <Empty icon="search" title={said.notFound}>
        <p>{said.notFoundWhy}</p>
        <Button onPress={() => ask(NONE)}>{said.clearAll}</Button>
      </Empty>
    );
  }
  return (
    <Empty icon="library" title={said.nothingYet}>
      <p>{said.nothingYetWhy}</p>
      <a class="button primary" href={link("write")}>
        {said.toWrite}
      </a>
    </Empty>
  );
}

/** Below the last row that is loaded. */
function Foot({ filters }: { filters: Filters }) {
  const said = t.value.library;
  const all = recordings.rows.value;
  const last = all.at(-1);
  if (recordings.failure.value) return <Trouble failure={recordings.failure.value} onRetry={() => void recordings.again()} />;
  if (recordings.complete.value) return null;
  if (all.length < ROWS_MAX || !last) return <p class="library-foot soft small">{said.loading}</p>;
  return (
    <div class="library-foot">
      <p>{said.full(count(all.length))}</p>
      <Button onPress={() => ask({ ...filters, to: dayOf(last.createdAt) })}>{said.older(day(last.createdAt))}</Button>
    </div>
  );
}

function onUndo(undo: () => boolean): () => void {
  const listen = (event: KeyboardEvent): void => {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || isTyping(event.target)) return;
    if (undo()) event.preventDefault();
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}
