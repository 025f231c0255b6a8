/** The selected recordings. A range starts at the anchor, the recording selected last on its own. */

export interface Selection {
  ids: ReadonlySet<string>;
  anchor: string | null;
}

export const EMPTY_SELECTION: Selection = { ids: new Set(), anchor: null };

export function toggle(selection: Selection, id: string): Selection {
  const ids = new Set(selection.ids);
  if (!ids.delete(id)) ids.add(id);
  return { ids, anchor: id };
}

/** Selects several rows, or deselects them if all of them are selected. */
export function selectMany(selection: Selection, several: readonly string[]): Selection {
  const ids = new Set(selection.ids);
  const areSelected = several.every((id) => ids.has(id));
  for (const id of several) {
    if (areSelected) ids.delete(id);
    else ids.add(id);
  }
  return { ids, anchor: several[0] ?? null };
}

/** Selects the rows from the anchor to `id`, in the order shown, or deselects them if the anchor is not selected. */
export function selectRange(selection: Selection, visibleIds: readonly string[], id: string): Selection {
  const from = selection.anchor === null ? -1 : visibleIds.indexOf(selection.anchor);
  const to = visibleIds.indexOf(id);
  if (from < 0 || to < 0) return toggle(selection, id);
  const isAnchorSelected = selection.ids.has(selection.anchor ?? id);
  const ids = new Set(selection.ids);
  for (const one of visibleIds.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    if (isAnchorSelected) ids.add(one);
    else ids.delete(one);
  }
  return { ids, anchor: selection.anchor };
}

export function selectAll(visibleIds: readonly string[]): Selection {
  return { ids: new Set(visibleIds), anchor: visibleIds[0] ?? null };
}

/** Removes ids that are not visible, so that nothing is deleted unseen. */
export function restrictTo(selection: Selection, visibleIds: readonly string[]): Selection {
  if (!selection.ids.size) return selection;
  const present = new Set(visibleIds);
  const ids = new Set([...selection.ids].filter((id) => present.has(id)));
  if (ids.size === selection.ids.size) return selection;
  return {
    ids,
    anchor: selection.anchor !== null && present.has(selection.anchor) ? selection.anchor : null,
  };
}
