/** The current route, read from the URL hash. */

import { computed, signal } from "@preact/signals";
import { currentHash, formatHash, parseHash, type Screen } from "./hash";

const hash = signal(readHash());
addEventListener("hashchange", () => {
  hash.value = readHash();
});

export const route = computed(() => parseHash(hash.value));

/** Returns the hash that opens a screen. */
export function link(screen: Screen, id?: string, query?: URLSearchParams): string {
  return formatHash(screen, id, query);
}

export function go(where: string): void {
  location.hash = where;
}

/** Changes the query of this screen without a new entry in the browser's history. */
export function replaceQuery(query: URLSearchParams): void {
  const { screen, id } = route.value;
  history.replaceState(null, "", link(screen, id ?? undefined, query));
  hash.value = location.hash;
}

/** Returns the current hash. Replaces a hash of an earlier release in the address bar first. */
function readHash(): string {
  const current = currentHash(location.hash);
  if (current !== location.hash) history.replaceState(null, "", current);
  return current;
}
