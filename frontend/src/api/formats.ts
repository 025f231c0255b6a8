/** The audio formats of the service, the most common first. */

export const FORMATS = ["mp3", "wav", "flac", "opus", "aac", "pcm"] as const;
export type Format = (typeof FORMATS)[number];

/** Returns the display name of a format: `MP3`, `Opus`. */
export function formatName(format: string): string {
  return format === "opus" ? "Opus" : format.toUpperCase();
}
