/** The loaded recordings, their selection and the active row. They outlive the screen, so that it can be restored. */

import { computed, effect, signal } from "@preact/signals";
import { api, dataOf } from "../api/client";
import { type Filters, requestQuery } from "./filters";
import { createPagedList } from "./paged-list";
import { toEntries } from "./parts";
import { pendingRemovals } from "./removal";
import { type Page, toRow } from "./rows";
import { EMPTY_SELECTION, restrictTo, type Selection } from "./selection";

const PAGE_SIZE = 100;

export const recordings = createPagedList(fetchPage);

export const visibleRows = computed(() =>
  recordings.rows.value.filter((row) => !pendingRemovals.value.has(row.jobId)),
);

/** The parts of the groups that are open. */
const openIds = signal<ReadonlySet<string>>(new Set());
export const entries = computed(() => toEntries(visibleRows.value, openIds.value));

export function showParts(jobIds: readonly string[], isOpen: boolean): void {
  const others = [...openIds.value].filter((jobId) => !jobIds.includes(jobId));
  openIds.value = new Set(isOpen ? [...others, ...jobIds] : others);
}

/** In the order shown. Those of a closed group count as visible, as its row stands for them. */
const visibleIds = computed(() => [...new Set(entries.value.flatMap((entry) => entry.jobIds))]);

const rawSelection = signal<Selection>(EMPTY_SELECTION);
export const selection = computed(() => restrictTo(rawSelection.value, visibleIds.value));
export function updateSelection(
  change: (current: Selection, visibleIds: readonly string[]) => Selection,
): void {
  rawSelection.value = change(selection.value, visibleIds.value);
}

/** The models of voices by voice id, for all recordings loaded so far, also those that filters hide now. */
export const recordedVoices = signal<ReadonlyMap<string, string>>(new Map());
effect(() => {
  const previous = recordedVoices.peek();
  const updated = new Map(previous);
  for (const { voiceId, model } of recordings.rows.value) updated.set(voiceId, model);
  if (updated.size > previous.size) recordedVoices.value = updated;
});

/** The id of the entry that keys act on. */
export const activeId = signal<string | null>(null);

/** The id of the recording that was opened last. It gets the focus on return, and may have been renamed. */
export const openedId = signal<string | null>(null);

async function fetchPage(filters: Filters, cursor: string | null, signal: AbortSignal): Promise<Page> {
  const query = { ...requestQuery(filters), limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) };
  const { items, next_cursor: nextCursor } = await dataOf(api.GET("/history", { params: { query }, signal }));
  return { rows: items.map(toRow), nextCursor };
}

/** Renames a recording. Throws a `Failure`. */
export async function rename(jobId: string, title: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const renamed = await dataOf(api.PATCH("/history/{job_id}", { params, body: { title } }));
  recordings.update(jobId, { title: renamed.title });
}

/** Reloads what another screen may have changed. */
export async function refreshRow(jobId: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const { title, isKept, expiresAt } = toRow(await dataOf(api.GET("/history/{job_id}", { params })));
  recordings.update(jobId, { title, isKept, expiresAt });
}
