/** The voices and models offered as filters: the available ones, and those of recordings. */

import type { Voice } from "../api/client";

export interface VoiceOption {
  id: string;
  name: string;
  model: string;
}

export interface ModelOption {
  alias: string;
  name: string;
  /** Sorted by name. */
  voices: readonly VoiceOption[];
}

/** `recordedVoices` maps voices of recordings to models; the service may no longer have these voices. */
export function filterOptions(
  voices: readonly Pick<Voice, "id" | "name" | "model" | "available">[],
  recordedVoices: ReadonlyMap<string, string>,
  nameOf: (model: string) => string,
): readonly ModelOption[] {
  const names = new Map(voices.map((voice) => [voice.id, voice.name]));
  const options = new Map<string, VoiceOption>();
  for (const { id, name, model, available } of voices) if (available) options.set(id, { id, name, model });
  for (const [id, model] of recordedVoices)
    if (!options.has(id)) options.set(id, { id, name: names.get(id) ?? id, model });
  const models = [...new Set([...options.values()].map((voice) => voice.model))];
  const voicesOf = (model: string): VoiceOption[] =>
    [...options.values()].filter((voice) => voice.model === model).sort(byName);
  return models.map((alias) => ({ alias, name: nameOf(alias), voices: voicesOf(alias) })).sort(byName);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}
