/** Which recordings are ticked. Ranges go from the last one that was ticked by itself. */

export interface Selection {
  ids: ReadonlySet<string>;
  anchor: string | null;
}

export const NOTHING: Selection = { ids: new Set(), anchor: null };

export function toggled(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** From the anchor to this one, in the order shown; what the anchor is, all of them become. */
export function ranged(selection: Selection, shown: readonly string[], id: string): Selection {
  const from = selection.anchor === null ? -1 : shown.indexOf(selection.anchor);
  const to = shown.indexOf(id);
  if (from < 0 || to < 0) return toggled(selection, id);
  const on = selection.ids.has(selection.anchor ?? id);
  const ids = new Set(selection.ids);
  for (const one of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    if (on) ids.add(one);
    else ids.delete(one);
  }
  return { ids, anchor: selection.anchor };
}

export function all(shown: readonly string[]): Selection {
  return { ids: new Set(shown), anchor: shown[0] ?? null };
}

/** Nothing is chosen that is not in the list: it could be deleted unseen. */
export function within(selection: Selection, shown: readonly string[]): Selection {
  if (!selection.ids.size) return selection;
  const present = new Set(shown);
  const ids = new Set([...selection.ids].filter((id) => present.has(id)));
  if (ids.size === selection.ids.size) return selection;
  return { ids, anchor: selection.anchor !== null && present.has(selection.anchor) ? selection.anchor : null };
}
