/** The formats that the service writes, those first that most people want. */

export const FORMATS = ["mp3", "wav", "flac", "opus", "aac", "pcm"] as const;
export type Format = (typeof FORMATS)[number];

/** What people call a format: `MP3`, `Opus`. */
export function formatName(format: string): string {
  return format === "opus" ? "Opus" : format.toUpperCase();
}
