/** The filters of the library. They are part of the URL, so that they can be bookmarked, shared and reloaded. */

export interface Filters {
  q: string;
  voice: string;
  model: string;
  /** Days as date fields write them (`2026-07-01`), in the user's time zone, both inclusive. */
  from: string;
  to: string;
}

export const NO_FILTERS: Filters = { q: "", voice: "", model: "", from: "", to: "" };
const FILTER_NAMES = ["q", "voice", "model", "from", "to"] as const;

/** The service ignores longer queries. */
export const MAX_QUERY_CHARS = 200;

/** Reads filters from the URL. Drops invalid values, as a URL can contain anything. */
export function parseFilters(query: URLSearchParams): Filters {
  return {
    q: (query.get("q") ?? "").slice(0, MAX_QUERY_CHARS),
    voice: validId(query.get("voice"), ""),
    model: validId(query.get("model"), ""),
    from: validDay(query.get("from"), ""),
    to: validDay(query.get("to"), ""),
  };
}

export function filterQuery(filters: Filters): URLSearchParams {
  const entries = FILTER_NAMES.filter((name) => filters[name] !== "").map((name) => [name, filters[name]]);
  return new URLSearchParams(entries as [string, string][]);
}

export function areEqual(one: Filters, other: Filters): boolean {
  return FILTER_NAMES.every((name) => one[name] === other[name]);
}

export function hasFilters(filters: Filters): boolean {
  return !areEqual({ ...filters, q: filters.q.trim() }, NO_FILTERS);
}

/** Counts the active filters other than the search text: those that the filter button hides on a phone. */
export function countMenuFilters(filters: Filters): number {
  return FILTER_NAMES.filter((name) => name !== "q" && filters[name] !== "").length;
}

/** Returns the query parameters of the request: without empty filters, and with days as their first and last moment. */
export function requestQuery(filters: Filters): Partial<Filters> {
  const { q, voice, model, from, to } = filters;
  const parameters = {
    q: q.trim(),
    voice,
    model,
    from: from && startOfDay(from).toISOString(),
    to: to && endOfDay(to).toISOString(),
  };
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== ""));
}

/** Returns the day of a time in the user's time zone. */
export function localDay(iso: string): string {
  const date = new Date(iso);
  return [
    String(date.getFullYear()).padStart(4, "0"),
    twoDigits(date.getMonth() + 1),
    twoDigits(date.getDate()),
  ].join("-");
}

function validId(value: string | null, fallback: string): string {
  return value !== null && /^[!-~]{1,256}$/.test(value) ? value : fallback;
}

function validDay(value: string | null, fallback: string): string {
  if (value === null || !/^\d{4}-\d\d-\d\d$/.test(value)) return fallback;
  const date = startOfDay(value);
  return !Number.isNaN(date.getTime()) && localDay(date.toISOString()) === value ? value : fallback;
}

function startOfDay(day: string): Date {
  return new Date(`${day}T00:00:00`);
}

function endOfDay(day: string): Date {
  return new Date(`${day}T23:59:59.999`);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
