import { describe, expect, it } from "vitest";
import { detectLanguage } from "./text-language";

describe("detectLanguage", () => {
  it.each([
    ["en", "The lamp stood by the window, and nobody had lit it for a week."],
    ["fr", "La lampe était près de la fenêtre, et personne ne l’avait allumée."],
    ["de", "Die Lampe stand am Fenster, und niemand hatte sie angezündet, es war nicht nötig."],
    ["es", "La lámpara estaba en la ventana y nadie la había encendido por una semana."],
    ["it", "La lampada era vicino alla finestra e non era accesa da più di una settimana."],
    ["pt", "A lâmpada estava na janela e não era acesa por uma semana, mas ela foi embora."],
    ["nl", "De lamp stond bij het raam en niemand had hem aangestoken, het was niet nodig."],
    ["ja", "灯りは窓のそばにあり、誰もつけなかった。"],
    ["zh", "灯在窗边，一个星期没有人点亮它。"],
  ])("finds %s", (language, text) => {
    expect(detectLanguage(text)).toBe(language);
  });

  it.each(["", "Bonjour.", "Donaudampfschifffahrtsgesellschaft 1234", "Zelda Quixote Ngo Brandt Yu Okafor Wren"])(
    "does not guess for %j",
    (text) => {
      expect(detectLanguage(text)).toBeNull();
    },
  );

  it("ignores tags", () => {
    expect(detectLanguage("[voice:le_la_les_des] The lamp stood by the window and it was dark.")).toBe("en");
  });
});
