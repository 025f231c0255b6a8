/** What this browser remembers. Storage may be full, or forbidden: then nothing is remembered, and nothing fails. */

/** What stands before the names of what is kept, for who hears of a change. */
export const STORAGE_PREFIX = "oratio.";

export function readStored<T>(name: string, fallback: T): T {
  try {
    const value = localStorage.getItem(STORAGE_PREFIX + name);
    return value === null ? fallback : (JSON.parse(value) as T);
  } catch {
    return fallback;
  }
}

/** False when it could not be kept. */
export function writeStored(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(STORAGE_PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function removeStored(name: string): void {
  try {
    localStorage.removeItem(STORAGE_PREFIX + name);
  } catch {
    // Then it is not there either.
  }
}

// The former names, until every screen uses the new ones.
export { readStored as recall, removeStored as forget, writeStored as remember };
