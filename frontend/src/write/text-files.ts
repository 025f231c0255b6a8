/** Reads text files: UTF-8, UTF-16 with a byte order mark, or Windows-1252. */

const FILE_NAME = /\.(txt|md|markdown|text)$/i;
const BYTES_MAX = 20_000_000;

/** Null when the file is not a text file, or is too large. */
export async function readTextFile(file: File): Promise<string | null> {
  if (!FILE_NAME.test(file.name) && !file.type.startsWith("text/")) return null;
  if (file.size > BYTES_MAX) return null;
  return decodeText(new Uint8Array(await file.arrayBuffer()));
}

/** The text with `\n` at the end of its lines. Null when the data is not text. */
export function decodeText(data: Uint8Array): string | null {
  const text = decodeAs(data, utf16Encoding(data) ?? "utf-8") ?? decodeAs(data, "windows-1252");
  // A text has no control characters except those for lines and tabs.
  return text === null || /[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) ? null : text.replace(/\r\n?/g, "\n");
}

/** From the byte order mark; null when there is none. */
function utf16Encoding(data: Uint8Array): string | null {
  if (data[0] === 0xff && data[1] === 0xfe) return "utf-16le";
  if (data[0] === 0xfe && data[1] === 0xff) return "utf-16be";
  return null;
}

function decodeAs(data: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(data);
  } catch {
    return null;
  }
}
