/** Numbers, sizes, dates and durations in the format of the current language. */

import { computed } from "@preact/signals";
import { language, tags } from "./index";

/** The current language with the user's region, as the browser has it: `en-GB` for `en`. */
export const locale = computed(
  () => tags.find((tag) => languageOf(tag) === language.value) ?? language.value,
);

/** Returns the language of a tag. Null if `Intl` rejects the tag, as it rejects `en-US@posix` of some systems. */
function languageOf(tag: string): string | null {
  try {
    return new Intl.Locale(tag).language;
  } catch {
    return null;
  }
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function count(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value);
}

export function decimal(value: number, digits = 1): string {
  return new Intl.NumberFormat(locale.value, {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  }).format(value);
}

export function percent(value: number): string {
  return new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 0 }).format(
    value / 100,
  );
}

export function bytes(size: number): string {
  const power = size > 0 ? Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3)) : 0;
  return new Intl.NumberFormat(locale.value, {
    style: "unit",
    unit: UNITS[power] ?? "byte",
    unitDisplay: "short",
    maximumFractionDigits: power > 1 ? 1 : 0,
  }).format(size / 1000 ** power);
}

/** A position in audio: `3:07`, `1:02:33`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const hours = Math.floor(whole / 3600);
  const minutes = String(Math.floor(whole / 60) % 60).padStart(hours ? 2 : 1, "0");
  const minutesAndSeconds = `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  return hours ? `${hours}:${minutesAndSeconds}` : minutesAndSeconds;
}

/** The duration of audio: `0.9 s` below ten seconds, `3:07` from then on. */
export function soundLength(seconds: number): string {
  if (!(Math.round(seconds * 10) < 100)) return clock(Math.max(10, seconds));
  return `${decimal(seconds > 0 ? Math.max(0.1, seconds) : 0)}\u00a0s`;
}

const MINUTES_OF_DAY = 24 * 60;
/** Longer durations are in days. */
const DAYS_FROM_MINUTES = 3 * MINUTES_OF_DAY;

/** An approximate duration in one or two units: `7 sec`, `3 min`, `1 hr 20 min`, `30 days`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return unit(whole, "second");
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return unit(minutes, "minute");
  if (minutes >= DAYS_FROM_MINUTES) return unit(Math.round(minutes / MINUTES_OF_DAY), "day");
  const minutesLeft = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), "hour");
  return minutesLeft ? `${hours} ${unit(minutesLeft, "minute")}` : hours;
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(locale.value, { style: "unit", unit: name, unitDisplay: "short" }).format(
    value,
  );
}

export function moment(iso: string): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(iso),
  );
}

export function day(iso: string): string {
  return new Intl.DateTimeFormat(locale.value, { day: "numeric", month: "short" }).format(new Date(iso));
}

/** The name of a language in the current language: `fr` is `French`. The tag itself if it is unknown. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([language.value], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
