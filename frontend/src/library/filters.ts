/** What of the library is looked for. It stands in the address, so that it can be kept, sent and reloaded. */

export interface Filters {
  q: string;
  voice: string;
  model: string;
  /** Days as date fields write them: `2026-07-01`. Of the reader's own calendar, both included. */
  from: string;
  to: string;
}

export const NONE: Filters = { q: "", voice: "", model: "", from: "", to: "" };
const NAMES = ["q", "voice", "model", "from", "to"] as const;

/** The service reads no more of it. */
export const Q_CHARS = 200;

/** Anybody can write an address: what is no filter is dropped. */
export function read(query: URLSearchParams): Filters {
  return {
    q: (query.get("q") ?? "").slice(0, Q_CHARS),
    voice: idOr(query.get("voice"), ""),
    model: idOr(query.get("model"), ""),
    from: dayOr(query.get("from"), ""),
    to: dayOr(query.get("to"), ""),
  };
}

export function write(filters: Filters): URLSearchParams {
  const kept = NAMES.filter((name) => filters[name] !== "").map((name) => [name, filters[name]]);
  return new URLSearchParams(kept as [string, string][]);
}

export function isSame(one: Filters, other: Filters): boolean {
  return NAMES.every((name) => one[name] === other[name]);
}

export function isAny(filters: Filters): boolean {
  return !isSame({ ...filters, q: filters.q.trim() }, NONE);
}

/** How many there are beside the words, for a button that hides them. */
export function howMany(filters: Filters): number {
  return NAMES.filter((name) => name !== "q" && filters[name] !== "").length;
}

/** As the service is asked: without what is not asked for, and days as the moments they begin and end at here. */
export function asked(filters: Filters): Partial<Filters> {
  const { q, voice, model, from, to } = filters;
  const wanted = { q: q.trim(), voice, model, from: from && start(from).toISOString(), to: to && end(to).toISOString() };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ""));
}

/** The day of a moment by the reader's own calendar. */
export function dayOf(iso: string): string {
  const at = new Date(iso);
  return [String(at.getFullYear()).padStart(4, "0"), two(at.getMonth() + 1), two(at.getDate())].join("-");
}

function idOr(written: string | null, otherwise: string): string {
  return written !== null && /^[!-~]{1,256}$/.test(written) ? written : otherwise;
}

function dayOr(written: string | null, otherwise: string): string {
  if (written === null || !/^\d{4}-\d\d-\d\d$/.test(written)) return otherwise;
  const at = start(written);
  return !Number.isNaN(at.getTime()) && dayOf(at.toISOString()) === written ? written : otherwise;
}

function start(day: string): Date {
  return new Date(`${day}T00:00:00`);
}

function end(day: string): Date {
  return new Date(`${day}T23:59:59.999`);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
