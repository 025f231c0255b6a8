/** The list as far as it was loaded: page behind page, newest first, kept while one is on another screen. */

import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Failure } from "../api/client";
import { isSame, type Filters } from "./filters";
import { joined, merged, type Page, type Row } from "./rows";

/** More than anybody reads, and less than browsers can scroll through. */
export const ROWS_MAX = 100_000;

export type Fetch = (filters: Filters, cursor: string | null, signal: AbortSignal) => Promise<Page>;

export interface Listing {
  rows: ReadonlySignal<readonly Row[]>;
  /** What they are the answer to; null before the first was asked for. */
  filters: ReadonlySignal<Filters | null>;
  loading: ReadonlySignal<boolean>;
  failure: ReadonlySignal<Failure | null>;
  /** Nothing is behind what is loaded. */
  complete: ReadonlySignal<boolean>;
  /** Show what these ask for: from the start, or, when they are the same as before, what is new. */
  show: (filters: Filters) => Promise<void>;
  more: () => Promise<void>;
  /** What failed, once more: the next page, or the first where there is none. */
  again: () => Promise<void>;
  /** Look at the first page again, without losing those behind it. */
  refresh: () => Promise<void>;
  retitle: (jobId: string, title: string) => void;
}

export function listing(fetch: Fetch): Listing {
  const rows = signal<readonly Row[]>([]);
  const filters = signal<Filters | null>(null);
  const next = signal<string | null>(null);
  const loading = signal(false);
  const failure = signal<Failure | null>(null);
  let asking: AbortController | null = null;

  async function ask(cursor: string | null, take: (page: Page) => void): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    loading.value = true;
    failure.value = null;
    try {
      const page = await fetch(filters.value as Filters, cursor, mine.signal);
      if (asking === mine) take(page);
    } catch (cause) {
      if (asking === mine) failure.value = cause as Failure;
    } finally {
      if (asking === mine) loading.value = false;
    }
  }

  function begin(page: Page): void {
    rows.value = page.rows;
    next.value = page.next;
  }

  async function refresh(): Promise<void> {
    if (!filters.value || loading.value) return;
    await ask(null, (page) => {
      const both = merged(rows.value, page);
      if (both === null || page.next === null) begin(page);
      else rows.value = both;
    });
  }

  return {
    rows,
    filters,
    loading,
    failure,
    complete: computed(() => filters.value !== null && next.value === null),
    refresh,
    async show(wanted) {
      if (filters.value && isSame(filters.value, wanted) && (rows.value.length || loading.value)) return refresh();
      filters.value = wanted;
      begin({ rows: [], next: null });
      await ask(null, begin);
    },
    async again() {
      if (next.value === null) await refresh();
      else await this.more();
    },
    async more() {
      if (loading.value || next.value === null || rows.value.length >= ROWS_MAX) return;
      await ask(next.value, (page) => {
        rows.value = joined(rows.value, page);
        next.value = page.next;
      });
    },
    retitle(jobId, title) {
      rows.value = rows.value.map((row) => (row.jobId === jobId ? { ...row, title } : row));
    },
  };
}
