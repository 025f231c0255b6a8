/** The library itself, and where one stands in it: both outlive the screen, so that one comes back to the same place. */

import { computed, effect, signal } from "@preact/signals";
import { answer, api } from "../api/client";
import { asked, type Filters } from "./filters";
import { listing } from "./paged-list";
import { pendingRemovals } from "./removal";
import { rowOf, type Page } from "./rows";
import { NOTHING, within, type Selection } from "./selection";

const PAGE = 100;

export const recordings = listing(page);

export const shown = computed(() => recordings.rows.value.filter((row) => !pendingRemovals.value.has(row.jobId)));

const ids = computed(() => shown.value.map((row) => row.jobId));

const ticked = signal<Selection>(NOTHING);
export const selection = computed(() => within(ticked.value, ids.value));
export function select(change: (now: Selection, ids: readonly string[]) => Selection): void {
  ticked.value = change(selection.value, ids.value);
}

/** The models of voices that a recording was seen to have: what the filters hide now is remembered. */
export const heard = signal<ReadonlyMap<string, string>>(new Map());
effect(() => {
  const before = heard.peek();
  const now = new Map(before);
  for (const { voiceId, model } of recordings.rows.value) now.set(voiceId, model);
  if (now.size > before.size) heard.value = now;
});

/** The row that keys act on. */
export const active = signal<string | null>(null);

/** The one that was opened: it is what one comes back to, and what may have another name by then. */
export const opened = signal<string | null>(null);

async function page(filters: Filters, cursor: string | null, signal: AbortSignal): Promise<Page> {
  const query = { ...asked(filters), limit: PAGE, ...(cursor === null ? {} : { cursor }) };
  const { items, next_cursor: next } = await answer(api.GET("/history", { params: { query }, signal }));
  return { rows: items.map(rowOf), next };
}

/** Throws a `Failure`. */
export async function rename(jobId: string, title: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const named = await answer(api.PATCH("/history/{job_id}", { params, body: { title } }));
  recordings.retitle(jobId, named.title);
}

/** What one recording is called now. */
export async function lookAgain(jobId: string): Promise<void> {
  const params = { path: { job_id: jobId } };
  const { title } = await answer(api.GET("/history/{job_id}", { params }));
  recordings.retitle(jobId, title);
}
