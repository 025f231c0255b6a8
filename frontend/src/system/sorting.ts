/** Sorts the rows of a table by a column. */

export interface SortOrder {
  column: string;
  descending: boolean;
}

/** Returns the order after a press on a column header: reversed for the current column, else numbers descending. */
export function nextOrder(order: SortOrder, column: string, isText: boolean): SortOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: !isText };
}

/** Compares names with numbers in them: `den · 9` before `den · 20`. */
export function compareNames(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

/** Sorts rows stably. Rows without a value are last in both orders. */
export function sortBy<T>(
  rows: readonly T[],
  value: (row: T) => string | number | null,
  descending: boolean,
): readonly T[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * compareNames(String(left), String(right));
  });
}
