/** How a text is spoken: voice, speed, format and so on. Kept in the browser, so that it survives a reload. */

import { effect, signal } from "@preact/signals";
import { type Format, FORMATS } from "../api/formats";
import { readStored, writeStored } from "../state/storage";

export interface SpeechSettings {
  /** Null for the default voice. */
  voiceId: string | null;
  speed: number;
  style: string;
  format: Format;
  lane: "interactive" | "bulk";
  /** A language tag; empty to detect the language. */
  language: string;
  /** Digits; empty for a random seed. */
  seed: string;
  /** Words and their pronunciations. */
  lexicon: Record<string, string>;
}

const DEFAULTS: SpeechSettings = {
  voiceId: null,
  speed: 1,
  style: "",
  format: "mp3",
  lane: "interactive",
  language: "",
  seed: "",
  lexicon: {},
};

const STORAGE_NAME = "delivery";

export const settings = signal<SpeechSettings>(parseSettings(readStored<unknown>(STORAGE_NAME, null)));

/**
 * Replaces invalid values by the defaults. Other pages of this host and other releases of the studio can write to the
 * same storage.
 */
export function parseSettings(stored: unknown): SpeechSettings {
  const values = (typeof stored === "object" && stored ? stored : {}) as Partial<
    Record<keyof SpeechSettings, unknown>
  >;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const { speed, format, lexicon } = values;
  return {
    voiceId: text(values.voiceId) || null,
    speed: typeof speed === "number" && speed >= 0.25 && speed <= 4 ? speed : DEFAULTS.speed,
    style: text(values.style),
    format: FORMATS.find((known) => known === format) ?? DEFAULTS.format,
    lane: values.lane === "bulk" ? "bulk" : "interactive",
    language: text(values.language),
    seed: text(values.seed),
    lexicon: Object.fromEntries(
      Object.entries(typeof lexicon === "object" && lexicon ? lexicon : {}).filter(
        ([, pronunciation]) => typeof pronunciation === "string",
      ),
    ),
  };
}

export function changeSettings(changes: Partial<SpeechSettings>): void {
  settings.value = { ...settings.value, ...changes };
}

effect(() => {
  writeStored(STORAGE_NAME, settings.value);
});
