/** Finds the voices of a text that no worker can speak, so that the user can decide before a beep is made. */

import type { Voice } from "../api/client";
import { voiceIdOf } from "./tags";

/** The voice of the job and those of the tags. Ids that the list does not contain are left to the service to check. */
export function unspeakableVoices(text: string, chosen: Voice | undefined, voices: readonly Voice[]): Voice[] {
  const byId = new Map(voices.map((voice) => [voice.id, voice]));
  const tags = text.match(/\[voice\s*:[^[\]\n]{0,200}\]/gi) ?? [];
  // A mixture names several voices: `af_bella(2)+af_sky(1)`.
  const ids = tags.flatMap((tag) => voiceIdOf(tag)?.match(/[a-z][a-z0-9_-]*/g) ?? []);
  const used = [...new Set([chosen, ...ids.map((id) => byId.get(id))])];
  return used.filter((voice) => voice !== undefined).filter(isUnspeakable);
}

/** True if a request would be refused or answered with a beep. A voice whose workers are not running waits for them. */
export function isUnspeakable(voice: Voice): boolean {
  return voice.provider === "stub" || voice.provider === null;
}
