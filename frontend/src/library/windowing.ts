/** Which rows of a long list are drawn: all have one height, so their place is a product and nothing is measured. */

export interface Range {
  first: number;
  /** Behind the last. */
  end: number;
}

/** Rows drawn beyond both edges, so that a quick scroll does not outrun them. */
const BEYOND = 8;

/** `above` is how many pixels of the list lie above the upper edge of what is seen; negative when it begins below. */
export function drawn({
  above,
  viewHeight,
  rowHeight,
  count,
}: {
  above: number;
  viewHeight: number;
  rowHeight: number;
  count: number;
}): Range {
  if (rowHeight <= 0 || count === 0) return { first: 0, end: 0 };
  const first = Math.floor(above / rowHeight) - BEYOND;
  const end = Math.ceil((above + viewHeight) / rowHeight) + BEYOND;
  return { first: clamp(first, 0, count), end: clamp(end, 0, count) };
}

/** Their places, and with them that of the row which has the focus: it would be lost if it was not drawn. */
export function places(range: Range, focused: number): number[] {
  const within = Array.from({ length: range.end - range.first }, (_, at) => range.first + at);
  if (focused < 0 || (focused >= range.first && focused < range.end)) return within;
  return focused < range.first ? [focused, ...within] : [...within, focused];
}

/** Where a key leads from here; null when it leads nowhere. */
export function step(key: string, { from, count, perPage }: { from: number; count: number; perPage: number }): number | null {
  const page = Math.max(1, perPage - 1);
  const to = { ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + page, PageUp: from - page, Home: 0, End: count - 1 }[key];
  return to === undefined || count === 0 ? null : clamp(to, 0, count - 1);
}

/** How far to scroll so that a row is seen whole, and no farther. */
export function reveal({
  top,
  bottom,
  viewTop,
  viewBottom,
}: {
  top: number;
  bottom: number;
  viewTop: number;
  viewBottom: number;
}): number {
  if (top < viewTop) return top - viewTop;
  return bottom > viewBottom ? Math.min(bottom - viewBottom, top - viewTop) : 0;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
