/** Starts browser downloads and builds their file names. */

/** A title has at most so many characters. File names may have 255 bytes. */
const NAME_CHARS = 200;
const NAME_BYTES = 235;

/** Returns a title as a file name, without path separators, shell characters and invisible characters. */
export function fileName(title: string, extension: string): string {
  const cleaned = title
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}<>:"/\\|?*%]+/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/…$/, "");
  const shortened = withinBytes(Array.from(cleaned).slice(0, NAME_CHARS)).replace(/^[. ]+|[. ]+$/g, "");
  return `${shortened || "oratio"}.${extension}`;
}

/** Joins the characters that fit into a file name. */
function withinBytes(chars: readonly string[]): string {
  const encoder = new TextEncoder();
  let bytes = 0;
  const end = chars.findIndex((char) => (bytes += encoder.encode(char).length) > NAME_BYTES);
  return chars.slice(0, end < 0 ? chars.length : end).join("");
}

export function downloadUrl(href: string, name: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}

export function downloadBlob(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  downloadUrl(href, name);
  // The browser reads the blob after the click; a minute is enough for it to start.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
