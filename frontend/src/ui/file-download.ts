/** Starts browser downloads and builds their file names. */

const NAME_CHARS = 80;

/** Returns a title as a file name, without path separators, shell characters and invisible characters. */
export function fileName(title: string, extension: string): string {
  const cleaned = title
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}<>:"/\\|?*%]+/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/…$/, "");
  const shortened = Array.from(cleaned)
    .slice(0, NAME_CHARS)
    .join("")
    .replace(/^[. ]+|[. ]+$/g, "");
  return `${shortened || "oratio"}.${extension}`;
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
