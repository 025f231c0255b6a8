/** Short messages at the edge of the page, each with one action at most. Screen readers announce them politely. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "plain" | "bad";
  action: { label: string; run: () => void } | null;
  /** How long the action is available. The notice shows a countdown. */
  timeLimitMs: number | null;
}

export const notices = signal<readonly Notice[]>([]);

let lastId = 0;

/** Shows a notice and returns a function that dismisses it. With `staysMs` 0 it stays until it is dismissed. */
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
  // A repeated message replaces the earlier one.
  notices.value = [...notices.value.filter((one) => one.text !== text || one.action !== null), notice];
  if (staysMs) setTimeout(dismiss, staysMs);
  return dismiss;
}

/** Dismisses error notices, which are out of date once the user tries again. */
export function dismissErrors(): void {
  notices.value = notices.value.filter((notice) => notice.kind !== "bad");
}
