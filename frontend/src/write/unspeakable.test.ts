import { describe, expect, it } from "vitest";
import type { Voice } from "../api/client";
import { unspeakableVoices } from "./unspeakable";

const voice = (id: string, provider: string | null): Voice => ({ id, provider }) as Voice;
const VOICES = [voice("good", "local"), voice("beep", "stub"), voice("refused", null), voice("hosted", "inference")];
const idsOf = (text: string, chosen = "good") =>
  unspeakableVoices(
    text,
    VOICES.find((one) => one.id === chosen),
    VOICES,
  ).map((one) => one.id);

describe("unspeakableVoices", () => {
  it("checks the chosen voice and those of the tags, each once", () => {
    expect(idsOf("Hello.")).toEqual([]);
    expect(idsOf("Hello.", "beep")).toEqual(["beep"]);
    expect(idsOf("[voice:beep] A [Voice: refused ] B [voice:hosted] C [voice:beep]")).toEqual([
      "beep",
      "refused",
    ]);
    expect(idsOf("[voice:good(2)+beep(1)] A mixture [voice:unknown] [voice:default]")).toEqual(["beep"]);
  });
});
