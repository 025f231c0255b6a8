/** Splits a list into chunks of at most `maxSize` items, the limit of one request. */
export function chunks<T>(items: readonly T[], maxSize: number): T[][] {
  const size = Math.max(1, Math.floor(maxSize));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
