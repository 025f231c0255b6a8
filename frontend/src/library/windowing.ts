/** Which rows of a long list are drawn: all have one height, so their place is a product and nothing is measured. */

export interface RowRange {
  first: number;
  /** Behind the last. */
  end: number;
}

/** Rows drawn beyond both edges, so that a quick scroll does not outrun them. */
const OVERSCAN_ROWS = 8;

/** `above` is how many pixels of the list lie above the upper edge of what is seen; negative when it begins below. */
export function renderedRange({
  pixelsAbove,
  viewHeight,
  rowHeight,
  count,
}: {
  pixelsAbove: number;
  viewHeight: number;
  rowHeight: number;
  count: number;
}): RowRange {
  if (rowHeight <= 0 || count === 0) return { first: 0, end: 0 };
  const first = Math.floor(pixelsAbove / rowHeight) - OVERSCAN_ROWS;
  const end = Math.ceil((pixelsAbove + viewHeight) / rowHeight) + OVERSCAN_ROWS;
  return { first: clamp(first, 0, count), end: clamp(end, 0, count) };
}

/** Their places, and with them that of the row which has the focus: it would be lost if it was not drawn. */
export function renderedIndices(range: RowRange, focused: number): number[] {
  const within = Array.from({ length: range.end - range.first }, (_, at) => range.first + at);
  if (focused < 0 || (focused >= range.first && focused < range.end)) return within;
  return focused < range.first ? [focused, ...within] : [...within, focused];
}

/** Where a key leads from here; null when it leads nowhere. */
export function targetIndex(key: string, { from, count, rowsPerPage }: { from: number; count: number; rowsPerPage: number }): number | null {
  const page = Math.max(1, rowsPerPage - 1);
  const target = { ArrowDown: from + 1, ArrowUp: from - 1, PageDown: from + page, PageUp: from - page, Home: 0, End: count - 1 }[key];
  return target === undefined || count === 0 ? null : clamp(target, 0, count - 1);
}

/** How far to scroll so that a row is seen whole, and no farther. */
export function scrollDelta({
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

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
