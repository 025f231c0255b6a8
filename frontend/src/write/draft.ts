/** The text that is being written, kept in the browser. Each tab has a draft of its own, which survives a reload. */

import { batch, signal } from "@preact/signals";
import { readStored, removeStored, writeStored } from "../state/storage";
import { type Draft, parseDrafts, takeDraft, withDraft, withoutDraft } from "./drafts";

const STORAGE_NAME = "drafts";
/** Of an earlier release, which had one draft for all tabs. */
const OLD_STORAGE_NAME = "draft";
const TAB_NAME = "oratio.draft";

export interface TextToOpen {
  text: string;
  title: string;
  /** The pronunciations that belong to the text. */
  lexicon: Record<string, string>;
}

/** A text that another screen asks the editor to open. */
export const textToOpen = signal<TextToOpen | null>(null);

/** False when the browser could not save the draft, because it is too long. */
export const isSaved = signal(true);

let isOpen = true;
const taken = takeDraft(storedDrafts(), tabId(), newId);
const id = taken.id;
rememberTab(id);
removeStored(OLD_STORAGE_NAME);

/** The draft of this tab's last visit, or of a tab that was closed. */
export const storedDraft = taken.text;

export function saveDraft(text: string): void {
  batch(() => {
    const draft: Draft = { id, text, isOpen, savedAtMs: Date.now() };
    const drafts = storedDrafts();
    isSaved.value =
      writeStored(STORAGE_NAME, withDraft(drafts, draft)) ||
      // Without room for all drafts, those of other tabs stay and this one is lost.
      (writeStored(STORAGE_NAME, withoutDraft(drafts, id)) && text === "");
  });
}

saveDraft(storedDraft);

/** A closed tab leaves its draft to the next one that is opened. */
addEventListener("pagehide", () => setOpen(false));
addEventListener("pageshow", () => setOpen(true));

function setOpen(open: boolean): void {
  isOpen = open;
  const draft = storedDrafts().find((one) => one.id === id);
  if (draft) writeStored(STORAGE_NAME, withDraft(storedDrafts(), { ...draft, isOpen }));
}

function storedDrafts(): readonly Draft[] {
  const old = readStored<unknown>(OLD_STORAGE_NAME, "");
  const drafts = parseDrafts(readStored<unknown>(STORAGE_NAME, []));
  if (drafts.length || typeof old !== "string" || old === "") return drafts;
  return [{ id: "old", text: old, isOpen: false, savedAtMs: 0 }];
}

function newId(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

function tabId(): string | null {
  try {
    return sessionStorage.getItem(TAB_NAME);
  } catch {
    return null;
  }
}

function rememberTab(draftId: string): void {
  try {
    sessionStorage.setItem(TAB_NAME, draftId);
  } catch {
    // Storage is blocked, so the draft is not kept.
  }
}
