import { describe, expect, it } from "vitest";
import { service as english } from "./en/service";
import { service as french } from "./fr/service";

const FOREIGN = "The voice speaks en, but the text looks like fr: it may pronounce it wrongly.";

describe("a warning", () => {
  it("names languages", () => {
    expect(english.warning(FOREIGN)).toBe(
      "The voice speaks English, but the text looks like French: it may pronounce it wrongly.",
    );
    expect(french.warning(`af_heart: ${FOREIGN}`)).toBe(
      "af_heart\u00a0: Langue de la voix\u00a0: anglais. Langue détectée du texte\u00a0: français. " +
        "La prononciation peut être incorrecte.",
    );
  });

  it("that is not known is shown as it is", () => {
    expect(french.warning("Something new.")).toBe("Something new.");
    expect(english.warning("Something new.")).toBe("Something new.");
  });
});
