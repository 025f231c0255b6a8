/** Rows of a table by one of its columns. */

export interface SortOrder {
  column: string;
  descending: boolean;
}

/** A press on the column that sorts turns the order about; numbers begin with the most, words with the first. */
export function nextOrder(order: SortOrder, column: string, isText: boolean): SortOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: !isText };
}

/** Compares names with numbers in them: `den · 9` before `den · 20`. */
export function compareNames(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

/** What is not known stands last either way; equals stay as they were. */
export function sortBy<T>(rows: readonly T[], value: (row: T) => string | number | null, descending: boolean): readonly T[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * compareNames(String(left), String(right));
  });
}
