/** Short messages at the edge of the page, read out politely, with one thing to do about them at most. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "plain" | "bad";
  action: { label: string; run: () => void } | null;
  /** What can be done can be done for so long: the time is seen running out. */
  timeLimitMs: number | null;
}

export const notices = signal<readonly Notice[]>([]);

let lastId = 0;

/** Returns what takes it away again. `staysMs` of 0 stays until then. */
export function showNotice(
  text: string,
  {
    kind = "plain",
    action = null,
    timeLimitMs = null,
    staysMs = timeLimitMs ?? 6000,
  }: Partial<Omit<Notice, "id" | "text">> & { staysMs?: number } = {},
): () => void {
  const notice: Notice = { id: ++lastId, text, kind, action, timeLimitMs };
  const dismiss = (): void => {
    notices.value = notices.value.filter((one) => one.id !== notice.id);
  };
  // The same message twice is one.
  notices.value = [...notices.value.filter((one) => one.text !== text || one.action !== null), notice];
  if (staysMs) setTimeout(dismiss, staysMs);
  return dismiss;
}

/** What went wrong before is of no interest once something is tried anew. */
export function dismissErrors(): void {
  notices.value = notices.value.filter((notice) => notice.kind !== "bad");
}

// The former names, until every screen uses the new ones.
export { dismissErrors as forgetTroubles, showNotice as tell };
