/** In pieces of at most so many: the service takes no more at once. */
export function chunks<T>(all: readonly T[], most: number): T[][] {
  const size = Math.max(1, Math.floor(most));
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
