/** The voices, fetched once and again when the farm changes. */

import { computed, signal } from "@preact/signals";
import { answer, api, type Failure, type Voice } from "../api/client";

export const voices = signal<readonly Voice[] | null>(null);
export const voicesTrouble = signal<Failure | null>(null);

export const voicesById = computed(() => new Map((voices.value ?? []).map((voice) => [voice.id, voice])));

/** The name people know it by; its id when the service no longer knows it. */
export function voiceName(id: string): string {
  return voicesById.value.get(id)?.name ?? id;
}

export async function loadVoices(): Promise<void> {
  try {
    voices.value = (await answer(api.GET("/voices"))).voices;
    voicesTrouble.value = null;
  } catch (failure) {
    voicesTrouble.value = failure as Failure;
  }
}
