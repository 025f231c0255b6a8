/** Computes which rows of a long list to render. All rows have the same height, so none has to be measured. */

export interface RowRange {
  first: number;
  /** One past the last row. */
  end: number;
}

/** Extra rows rendered above and below the viewport, for quick scrolling. */
const OVERSCAN_ROWS = 8;

/** `pixelsAbove` is the height of the list above the viewport, negative if the list starts below its top. */
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

/** Returns the indices of a range, and that of the focused row, which would lose the focus if it was not rendered. */
export function renderedIndices(range: RowRange, focused: number): number[] {
  const within = Array.from({ length: range.end - range.first }, (_, at) => range.first + at);
  if (focused < 0 || (focused >= range.first && focused < range.end)) return within;
  return focused < range.first ? [focused, ...within] : [...within, focused];
}

/** Returns the row that a key moves to, or null if the key moves nowhere. */
export function targetIndex(
  key: string,
  { from, count, rowsPerPage }: { from: number; count: number; rowsPerPage: number },
): number | null {
  const page = Math.max(1, rowsPerPage - 1);
  const target = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  }[key];
  return target === undefined || count === 0 ? null : clamp(target, 0, count - 1);
}

/** Returns the smallest scroll distance that makes a row fully visible. */
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
