/** Parses and builds the URL hash, which names the screen: the page can be served at any path and reloaded. */

export type Screen = "write" | "library" | "listen" | "system";

export interface Route {
  screen: Screen;
  /** The job of `#/listen/{id}`. */
  id: string | null;
  query: URLSearchParams;
}

const SCREENS: readonly string[] = ["write", "library", "listen", "system"];

export function parseHash(hash: string): Route {
  const { screen, id, query } = split(hash);
  const isKnown = SCREENS.includes(screen) && (screen !== "listen" || id !== "");
  return {
    screen: isKnown ? (screen as Screen) : "write",
    id: screen === "listen" && id ? decode(id) : null,
    query: new URLSearchParams(query),
  };
}

export function formatHash(screen: Screen, id?: string, query?: URLSearchParams): string {
  const parameters = query?.toString();
  return `#/${screen}${id ? `/${encodeURIComponent(id)}` : ""}${parameters ? `?${parameters}` : ""}`;
}

/** Converts a hash of an earlier release to its present form, so that bookmarks keep working. */
export function currentHash(hash: string): string {
  const { screen, query } = split(hash);
  if (screen !== "farm") return hash;
  const { part, ...rest } = Object.fromEntries(new URLSearchParams(query));
  const tab = part === undefined ? {} : { tab: part === "figures" ? "statistics" : part };
  return formatHash("system", undefined, new URLSearchParams({ ...tab, ...rest }));
}

function split(hash: string): { screen: string; id: string; query: string } {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [screen = "", id = ""] = path.split("/", 2);
  return { screen, id, query };
}

function decode(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}
