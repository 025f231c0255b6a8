/** A text file as text: UTF-8, or UTF-16 by its mark, else as old programs wrote it. */

const NAMES = /\.(txt|md|markdown|text)$/i;
const BYTES_MAX = 20_000_000;

/** Null when it is no text. */
export async function readText(file: File): Promise<string | null> {
  if (!NAMES.test(file.name) && !file.type.startsWith("text/")) return null;
  if (file.size > BYTES_MAX) return null;
  return decode(new Uint8Array(await file.arrayBuffer()));
}

export function decode(data: Uint8Array): string | null {
  const text = attempt(data, utf16(data) ?? "utf-8") ?? attempt(data, "windows-1252");
  // Texts hold no control characters but those of lines.
  return text === null || /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text.replace(/\r\n?/g, "\n");
}

function utf16(data: Uint8Array): string | null {
  if (data[0] === 0xff && data[1] === 0xfe) return "utf-16le";
  if (data[0] === 0xfe && data[1] === 0xff) return "utf-16be";
  return null;
}

function attempt(data: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(data);
  } catch {
    return null;
  }
}
