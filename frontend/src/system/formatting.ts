/** Formats numbers, durations and times in the language of the page. */

import { locale, span } from "../i18n/formats";

/** `340 ms`, `2.4 sec`, `3 min`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return unit(Math.round(ms), "millisecond");
  return ms < 60_000 ? unit(ms / 1000, "second", ms < 10_000 ? 1 : 0) : span(ms / 1000);
}

function unit(value: number, name: string, digits = 0): string {
  return new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit: name,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  }).format(value);
}

/** Formats a number with its significant digits: `0.42`, `7.3`, `1,204`. */
export function formatNumber(value: number): string {
  const digits = value !== 0 && Math.abs(value) < 1 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: digits }).format(value);
}

/** Formats a share from 0 to 1 as a percentage. */
export function formatShare(share: number): string {
  return new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** Formats a recent time briefly, without the year. */
export function formatDateTime(iso: string): string {
  const parts = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" } as const;
  return new Intl.DateTimeFormat(locale.value, parts).format(new Date(iso));
}

/** Formats a UTC day such as `2026-07-01`, the same in every time zone. */
export function formatDay(day: string): string {
  return new Intl.DateTimeFormat(locale.value, { day: "numeric", month: "short", timeZone: "UTC" }).format(
    new Date(day),
  );
}

/** Formats the time of day in the local time zone. */
export function formatHour(iso: string): string {
  return new Intl.DateTimeFormat(locale.value, { hour: "numeric", minute: "2-digit" }).format(new Date(iso));
}

/** Returns the seconds since a time. A time in the future is 0, because clocks of machines differ. */
export function ageS(iso: string | null, nowMs: number): number | null {
  return iso === null ? null : Math.max(0, (nowMs - Date.parse(iso)) / 1000);
}

/** `12 seconds ago`. */
export function formatAge(seconds: number): string {
  const formatter = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" });
  if (seconds < 60) return formatter.format(-Math.round(seconds), "second");
  if (seconds < 3600) return formatter.format(-Math.round(seconds / 60), "minute");
  if (seconds < 86_400) return formatter.format(-Math.round(seconds / 3600), "hour");
  return formatter.format(-Math.round(seconds / 86_400), "day");
}

export interface AudioAmount {
  value: string;
  unit: string;
}

/** Splits a duration into value and unit: seconds up to a minute, minutes up to two hours, then hours. */
export function audioAmount(seconds: number): AudioAmount {
  if (seconds < 60) return amountInWords(seconds, "second");
  return seconds < 2 * 3600 ? amountInWords(seconds / 60, "minute") : amountInWords(seconds / 3600, "hour");
}

/** `{ value: "1.5", unit: "minutes" }`, with the plural form of the language for the rounded value. */
function amountInWords(value: number, unit: string): AudioAmount {
  const parts = new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit,
    unitDisplay: "long",
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).formatToParts(value);
  const isUnit = (type: string): boolean => type === "unit";
  const joined = (selected: typeof parts): string =>
    selected
      .map((part) => part.value)
      .join("")
      .trim();
  return {
    value: joined(parts.filter((part) => !isUnit(part.type))),
    unit: joined(parts.filter((part) => isUnit(part.type))),
  };
}

/** `12.3 minutes`. */
export function formatAudio(seconds: number): string {
  const { value, unit } = audioAmount(seconds);
  return `${value}\u00a0${unit}`;
}
