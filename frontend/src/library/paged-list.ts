/** A list that loads page by page, newest first. It outlives the screen that shows it. */

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Failure } from "../api/client";
import { areEqual, type Filters } from "./filters";
import { appendPage, mergeFirstPage, type Page, type Row } from "./rows";

/** Below the maximum scroll height of browsers, and more than anyone reads. */
export const ROWS_MAX = 100_000;

export type FetchPage = (filters: Filters, cursor: string | null, signal: AbortSignal) => Promise<Page>;

export interface PagedList {
  rows: ReadonlySignal<readonly Row[]>;
  /** The filters of the loaded rows; null before the first request. */
  filters: ReadonlySignal<Filters | null>;
  isLoading: ReadonlySignal<boolean>;
  failure: ReadonlySignal<Failure | null>;
  /** True if the last page is loaded. */
  isComplete: ReadonlySignal<boolean>;
  /** Loads the first page for these filters. If they have not changed, only adds what is new. */
  show: (filters: Filters) => Promise<void>;
  loadMore: () => Promise<void>;
  /** Repeats a request that failed: for the next page, or for the first if there is none. */
  retry: () => Promise<void>;
  /** Reloads the first page and keeps the pages after it. */
  refresh: () => Promise<void>;
  update: (jobId: string, changes: Partial<Row>) => void;
}

export function createPagedList(fetch: FetchPage): PagedList {
  const rows = signal<readonly Row[]>([]);
  const filters = signal<Filters | null>(null);
  const nextCursor = signal<string | null>(null);
  const isLoading = signal(false);
  const failure = signal<Failure | null>(null);
  let controller: AbortController | null = null;

  async function load(cursor: string | null, apply: (page: Page) => void): Promise<void> {
    controller?.abort();
    const own = (controller = new AbortController());
    isLoading.value = true;
    failure.value = null;
    try {
      const page = await fetch(filters.value as Filters, cursor, own.signal);
      if (controller === own) apply(page);
    } catch (cause) {
      if (controller === own) failure.value = cause as Failure;
    } finally {
      if (controller === own) isLoading.value = false;
    }
  }

  function replaceRows(page: Page): void {
    rows.value = page.rows;
    nextCursor.value = page.nextCursor;
  }

  async function refresh(): Promise<void> {
    if (!filters.value || isLoading.value) return;
    await load(null, (page) => {
      const mergedRows = mergeFirstPage(rows.value, page);
      if (mergedRows === null || page.nextCursor === null) replaceRows(page);
      else rows.value = mergedRows;
    });
  }

  return {
    rows,
    filters,
    isLoading,
    failure,
    isComplete: computed(() => filters.value !== null && nextCursor.value === null),
    refresh,
    async show(requested) {
      if (filters.value && areEqual(filters.value, requested) && (rows.value.length || isLoading.value))
        return refresh();
      filters.value = requested;
      replaceRows({ rows: [], nextCursor: null });
      await load(null, replaceRows);
    },
    async retry() {
      if (nextCursor.value === null) await refresh();
      else await this.loadMore();
    },
    async loadMore() {
      if (isLoading.value || nextCursor.value === null || rows.value.length >= ROWS_MAX) return;
      await load(nextCursor.value, (page) => {
        rows.value = appendPage(rows.value, page);
        nextCursor.value = page.nextCursor;
      });
    },
    update(jobId, changes) {
      rows.value = rows.value.map((row) => (row.jobId === jobId ? { ...row, ...changes } : row));
    },
  };
}
