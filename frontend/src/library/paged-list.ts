/** The list as far as it was loaded: page behind page, newest first, kept while one is on another screen. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Failure } from "../api/client";
import { areEqual, type Filters } from "./filters";
import { appendPage, mergeFirstPage, type Page, type Row } from "./rows";

/** More than anybody reads, and less than browsers can scroll through. */
export const ROWS_MAX = 100_000;

export type FetchPage = (filters: Filters, cursor: string | null, signal: AbortSignal) => Promise<Page>;

export interface PagedList {
  rows: ReadonlySignal<readonly Row[]>;
  /** What they are the answer to; null before the first was asked for. */
  filters: ReadonlySignal<Filters | null>;
  isLoading: ReadonlySignal<boolean>;
  failure: ReadonlySignal<Failure | null>;
  /** Nothing is behind what is loaded. */
  isComplete: ReadonlySignal<boolean>;
  /** Show what these ask for: from the start, or, when they are the same as before, what is new. */
  show: (filters: Filters) => Promise<void>;
  loadMore: () => Promise<void>;
  /** What failed, once more: the next page, or the first where there is none. */
  retry: () => Promise<void>;
  /** Look at the first page again, without losing those behind it. */
  refresh: () => Promise<void>;
  setTitle: (jobId: string, title: string) => void;
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
      if (filters.value && areEqual(filters.value, requested) && (rows.value.length || isLoading.value)) return refresh();
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
    setTitle(jobId, title) {
      rows.value = rows.value.map((row) => (row.jobId === jobId ? { ...row, title } : row));
    },
  };
}
