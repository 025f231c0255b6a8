/** What this browser remembers. Storage may be full, or forbidden: then nothing is remembered, and nothing fails. */

/** What stands before the names of what is kept, for who hears of a change. */
export const KEPT = "oratio.";

export function recall<T>(name: string, otherwise: T): T {
  try {
    const held = localStorage.getItem(KEPT + name);
    return held === null ? otherwise : (JSON.parse(held) as T);
  } catch {
    return otherwise;
  }
}

/** False when it could not be kept. */
export function remember(name: string, value: unknown): boolean {
  try {
    localStorage.setItem(KEPT + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export function forget(name: string): void {
  try {
    localStorage.removeItem(KEPT + name);
  } catch {
    // Then it is not there either.
  }
}
