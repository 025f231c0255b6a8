/** Which voices and models one can look for: those that can speak, and those of recordings. */

import type { Voice } from "../api/client";

export interface VoiceChoice {
  id: string;
  name: string;
  model: string;
}

export interface ModelChoice {
  alias: string;
  name: string;
  /** By their names. */
  voices: readonly VoiceChoice[];
}

/** `heard` gives the models of voices that recordings have: they may be of voices that nobody knows any more. */
export function choicesOf(
  voices: readonly Pick<Voice, "id" | "name" | "model" | "available">[],
  heard: ReadonlyMap<string, string>,
  nameOf: (model: string) => string,
): readonly ModelChoice[] {
  const known = new Map(voices.map((voice) => [voice.id, voice.name]));
  const chosen = new Map<string, VoiceChoice>();
  for (const { id, name, model, available } of voices) if (available) chosen.set(id, { id, name, model });
  for (const [id, model] of heard) if (!chosen.has(id)) chosen.set(id, { id, name: known.get(id) ?? id, model });
  const models = [...new Set([...chosen.values()].map((voice) => voice.model))];
  const voicesOf = (model: string): VoiceChoice[] => [...chosen.values()].filter((voice) => voice.model === model).sort(byName);
  return models.map((alias) => ({ alias, name: nameOf(alias), voices: voicesOf(alias) })).sort(byName);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}
