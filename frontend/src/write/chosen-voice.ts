import { computed } from "@preact/signals";
import { voices, voicesById } from "../state/voices";
import { settings } from "./settings";

/** The voice of the settings, or the default voice. Undefined until the voices are loaded. */
export const chosenVoice = computed(() => {
  const defaultVoice = voices.value?.find((voice) => voice.is_default);
  return voicesById.value.get(settings.value.voiceId ?? "") ?? defaultVoice;
});
