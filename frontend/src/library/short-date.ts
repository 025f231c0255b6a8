/** Formats a date briefly: only the time today, only the day this year, else with the year. */

import { locale } from "../i18n/formats";
import { localDay } from "./filters";

export function formatShortDate(iso: string, now: Date): string {
  return new Intl.DateTimeFormat(locale.value, shortDateOptions(iso, now)).format(new Date(iso));
}

export function shortDateOptions(iso: string, now: Date): Intl.DateTimeFormatOptions {
  const [day, today] = [localDay(iso), localDay(now.toISOString())];
  if (day === today) return { hour: "numeric", minute: "2-digit" };
  const dayAndMonth: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return day.slice(0, 4) === today.slice(0, 4) ? dayAndMonth : { ...dayAndMonth, year: "numeric" };
}
