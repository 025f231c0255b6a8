/** The text that is being written. Kept in the browser, so that it survives a reload. */

import { batch, signal } from "@preact/signals";
import { readStored, removeStored, writeStored } from "../state/storage";

const STORAGE_NAME = "draft";

const stored = readStored<unknown>(STORAGE_NAME, "");

/** The draft of the last visit. */
export const storedDraft = typeof stored === "string" ? stored : "";

/** A text that another screen asks the editor to open. */
export const textToOpen = signal<{ text: string; title: string } | null>(null);

/** False when the browser could not save the draft, because it is too long. */
export const isSaved = signal(true);

export function saveDraft(text: string): void {
  batch(() => {
    if (text === "") removeStored(STORAGE_NAME);
    isSaved.value = text === "" || writeStored(STORAGE_NAME, text);
  });
}
