/** When it was spoken, as short as it can be said: today by the clock, this year by the day. */

import { locale } from "../i18n/formats";
import { dayOf } from "./filters";

export function when(iso: string, now: Date): string {
  return new Intl.DateTimeFormat(locale.value, shape(iso, now)).format(new Date(iso));
}

export function shape(iso: string, now: Date): Intl.DateTimeFormatOptions {
  const [then, today] = [dayOf(iso), dayOf(now.toISOString())];
  if (then === today) return { hour: "numeric", minute: "2-digit" };
  const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return then.slice(0, 4) === today.slice(0, 4) ? day : { ...day, year: "numeric" };
}
