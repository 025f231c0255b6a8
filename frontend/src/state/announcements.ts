/** Messages for screen readers about what begins, ends and fails. The shell has the live region. */

import { signal } from "@preact/signals";

export const announcement = signal("");

export function announce(text: string): void {
  announcement.value = text;
}
