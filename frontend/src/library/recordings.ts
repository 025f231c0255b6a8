/** The library itself, and where one stands in it: both outlive the screen, so that one comes back to the same place. */

import { computed, effect, signal } from "@preact/signals";
import { dataOf, api } from "../api/client";
import { requestQuery, type Filters } from "./filters";
import { createPagedList } from "./paged-list";
import { pendingRemovals } from "./removal";
import { toRow, type Page } from "./rows";
import { EMPTY_SELECTION, restrictTo, type Selection } from "./selection";

const PAGE_SIZE = 100;

export const recordings = createPagedList(fetchPage);

export const visibleRows = computed(() => recordings.rows.value.filter((row) => !pendingRemovals.value.has(row.jobId)));

const visibleIds = computed(() => visibleRows.value.map((row) => row.jobId));

const rawSelection = signal<Selection>(EMPTY_SELECTION);
export const selection = computed(() => restrictTo(rawSelection.value, visibleIds.value));
export function updateSelection(change: (current: Selection, visibleIds: readonly string[]) => Selection): void {
  rawSelection.value = change(selection.value, visibleIds.value);
}

/** The models of voices that a recording was seen to have: what the filters hide now is remembered. */
export const recordedVoices = signal<ReadonlyMap<string, string>>(new Map());
effect(() => {
  const previous = recordedVoices.peek();
  const updated = new Map(previous);
  for (const { voiceId, model } of recordings.rows.value) updated.set(voiceId, model);
  if (updated.size > previous.size) recordedVoices.value = updated;
});

/** The row that keys act on. */
export const activeId = signal<string | null>(null);

/** The one that was opened: it is what one comes back to, and what may have another name by then. */
export const openedId = signal<string | null>(null);

async function fetchPage(filters: Filters, cursor: string | null, signal: AbortSignal): Promise<Page> {
  const query = { ...requestQuery(filters), limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) };
  const { items, next_cursor: nextCursor } = await dataOf(api.GET("/history", { params: { query }, signal }));
  return { rows: items.map(toRow), nextCursor };
}

/** Throws a `Failure`. */
export async function rename(jobId: string, title: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const renamed = await dataOf(api.PATCH("/history/{job_id}", { params, body: { title } }));
  recordings.setTitle(jobId, renamed.title);
}

/** What one recording is called now. */
export async function refreshTitle(jobId: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const { title } = await dataOf(api.GET("/history/{job_id}", { params }));
  recordings.setTitle(jobId, title);
}
