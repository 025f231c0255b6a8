/** The list of drafts of all tabs. */

export interface Draft {
  id: string;
  text: string;
  /** True while its tab is open. */
  isOpen: boolean;
  savedAtMs: number;
}

const DRAFTS_MAX = 10;

/** Ignores values of another shape, as anything on this host can write to storage. */
export function parseDrafts(stored: unknown): readonly Draft[] {
  return Array.isArray(stored) ? stored.filter(isDraft) : [];
}

function isDraft(value: unknown): value is Draft {
  const { id, text, isOpen, savedAtMs } = (value ?? {}) as Partial<Record<keyof Draft, unknown>>;
  return (
    typeof id === "string" &&
    typeof text === "string" &&
    typeof isOpen === "boolean" &&
    typeof savedAtMs === "number"
  );
}

/**
 * Returns the draft that a tab continues: its own after a reload, else the newest of a closed tab, else an empty one.
 * A copy of a tab gets a copy of the draft, as the original is still open.
 */
export function takeDraft(
  drafts: readonly Draft[],
  tabId: string | null,
  newId: () => string,
): Pick<Draft, "id" | "text"> {
  const own = drafts.find((draft) => draft.id === tabId);
  if (own) return own.isOpen ? { id: newId(), text: own.text } : own;
  const closed = drafts.filter((draft) => !draft.isOpen).sort((a, b) => b.savedAtMs - a.savedAtMs);
  return closed[0] ?? { id: newId(), text: "" };
}

/** The newest drafts with this one in place of its earlier version. An empty draft is dropped. */
export function withDraft(drafts: readonly Draft[], draft: Draft): readonly Draft[] {
  const kept = [...withoutDraft(drafts, draft.id), ...(draft.text === "" ? [] : [draft])];
  return kept.sort((a, b) => b.savedAtMs - a.savedAtMs).slice(0, DRAFTS_MAX);
}

export function withoutDraft(drafts: readonly Draft[], id: string): Draft[] {
  return drafts.filter((draft) => draft.id !== id && draft.id !== "old");
}
