/** The voices of the service, loaded when a screen first needs them. */

import { computed, signal } from "@preact/signals";
import { api, dataOf, type Failure, type Voice } from "../api/client";

export const voices = signal<readonly Voice[] | null>(null);
export const voicesError = signal<Failure | null>(null);

export const voicesById = computed(() => new Map((voices.value ?? []).map((voice) => [voice.id, voice])));

/** Returns the name of a voice, or its id if the service no longer has it. */
export function voiceName(id: string): string {
  return voicesById.value.get(id)?.name ?? id;
}

export async function loadVoices(): Promise<void> {
  try {
    voices.value = (await dataOf(api.GET("/voices"))).voices;
    voicesError.value = null;
  } catch (failure) {
    voicesError.value = failure as Failure;
  }
}
