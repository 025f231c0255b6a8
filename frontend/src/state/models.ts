/** Display names of models and weights, the same on every screen. */

import { languageName } from "../i18n/formats";
import { t } from "../i18n";

const MODEL_NAMES: Record<string, string> = {
  hibari: "Hibari",
  kokoro: "Kokoro 82M",
  parler: "Parler-TTS mini v1.1",
  bark: "Bark small",
  speecht5: "SpeechT5",
  mms: "MMS-TTS",
  fake: "Fake",
};

/** Returns the name of a model (`mms`) or weights (`mms_deu`, by language), or an unknown key unchanged. */
export function modelName(key: string): string {
  if (key === "inference" || key === "stub") return t.value.system[key];
  const [family = "", variant] = key.split("_", 2);
  const name = MODEL_NAMES[family];
  if (name === undefined) return key;
  return variant === undefined ? name : `${name} · ${variantName(key)}`;
}

/** Returns what distinguishes weights from others of the same model, such as the language. */
export function variantName(key: string): string {
  const [family, variant] = key.split("_", 2);
  if (variant === undefined) return modelName(key);
  return family === "mms" ? languageName(variant) : variant;
}
