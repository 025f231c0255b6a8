/** Reads and writes local storage. Storage that is full or blocked causes no error: values are then not kept. */

/** The prefix of every key; listeners of `storage` events need it. */
export const STORAGE_PREFIX = "oratio.";

export function readStored<T>(name: string, fallback: T): T {
  try {
    const value = localStorage.getItem(STORAGE_PREFIX + name);
    return value === null ? fallback : (JSON.parse(value) as T);
  } catch {
    return fallback;
  }
}

/** Returns false if the value could not be stored. */
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
    // Storage is blocked, so there is nothing to remove.
  }
}
