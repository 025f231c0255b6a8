import { describe, expect, it } from "vitest";
import { fileName } from "./file-download";

describe("fileName", () => {
  it.each([
    ["The sea", "The sea.mp3"],
    ["../../etc/passwd", "etc passwd.mp3"],
    ["a:b*c?“d” <e>|f\\g", "a b c “d” e f g.mp3"],
    ["invoice\u202Egpj.exe", "invoice gpj.exe.mp3"],
    ["line\nbreak\u0000", "line break.mp3"],
    ["The first words…", "The first words.mp3"],
    ["A whole title ".repeat(14), `${"A whole title ".repeat(14).trim()}.mp3`],
    ["海の音", "海の音.mp3"],
    ["...", "oratio.mp3"],
    ["", "oratio.mp3"],
  ])("of %j is %j", (title, name) => {
    expect(fileName(title, "mp3")).toBe(name);
  });

  it("is short, and does not split surrogate pairs", () => {
    const name = fileName("🌊".repeat(300), "wav");
    expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(239);
    expect(() => encodeURIComponent(name)).not.toThrow();
  });
});
