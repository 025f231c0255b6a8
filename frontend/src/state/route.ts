/** Which screen is shown: it stands behind the `#`, so that the page can lie anywhere and be reloaded. */

import { computed, signal } from "@preact/signals";

export type Screen = "write" | "library" | "listen" | "farm";

export interface Route {
  screen: Screen;
  /** The job of `#/listen/{id}`. */
  id: string | null;
  query: URLSearchParams;
}

const SCREENS: readonly string[] = ["write", "library", "listen", "farm"];

const hash = signal(location.hash);
addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export function parse(written: string): Route {
  const [path = "", query = ""] = written.replace(/^#\/?/, "").split("?", 2);
  const [screen = "", id = ""] = path.split("/", 2);
  const known = SCREENS.includes(screen) && (screen !== "listen" || id !== "");
  return {
    screen: known ? (screen as Screen) : "write",
    id: screen === "listen" && id ? decoded(id) : null,
    query: new URLSearchParams(query),
  };
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

export const route = computed(() => parse(hash.value));

export function link(screen: Screen, id?: string, query?: URLSearchParams): string {
  const asked = query?.toString();
  return `#/${screen}${id ? `/${encodeURIComponent(id)}` : ""}${asked ? `?${asked}` : ""}`;
}

export function go(where: string): void {
  location.hash = where;
}

/** Change what is asked for on this screen without a step in the history of the browser. */
export function replaceQuery(query: URLSearchParams): void {
  const { screen, id } = route.value;
  history.replaceState(null, "", link(screen, id ?? undefined, query));
  hash.value = location.hash;
}
