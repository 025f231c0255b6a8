import { describe, expect, it } from "vitest";
import { asked, dayOf, howMany, isAny, isSame, NONE, read, write } from "./filters";

const SOME = { q: "l’eau & le “feu” ?#=%", voice: "hibari_heart", model: "hibari", from: "2026-07-01", to: "2026-07-31" };

describe("filters in the address", () => {
  it("come back as they were written, whatever was typed", () => {
    expect(read(new URLSearchParams(write(SOME).toString()))).toEqual(SOME);
  });

  it("write nothing of what is not asked for", () => {
    expect(write(NONE).toString()).toBe("");
    expect(write({ ...NONE, q: "sea" }).toString()).toBe("q=sea");
  });

  it.each(["yesterday", "2026-13-01", "2026-02-30", "2026-7-1", "0000-00-00", "2026-07-01T00:00"])("drop %s, which is no day", (day) => {
    expect(read(new URLSearchParams({ from: day, to: day }))).toEqual(NONE);
  });

  it("drop ids that no voice can have", () => {
    expect(read(new URLSearchParams({ voice: "no such", model: "é" }))).toEqual(NONE);
    expect(read(new URLSearchParams({ voice: "mix:af_sky*0.4+af_bella" })).voice).toBe("mix:af_sky*0.4+af_bella");
  });

  it("read no more words than the service does", () => {
    expect(read(new URLSearchParams({ q: "x".repeat(900) })).q).toHaveLength(200);
  });

  it("tell whether anything is asked for", () => {
    expect(isAny(NONE)).toBe(false);
    expect(isAny({ ...NONE, q: "a" })).toBe(true);
    expect(isAny({ ...NONE, to: "2026-01-01" })).toBe(true);
    expect(howMany(SOME)).toBe(4);
    expect(isSame(SOME, { ...SOME })).toBe(true);
    expect(isSame(SOME, { ...SOME, model: "kokoro" })).toBe(false);
  });
});

describe("what the service is asked", () => {
  it("leaves out what is empty, blank words too", () => {
    expect(asked({ ...NONE, q: "   " })).toEqual({});
    expect(asked({ ...NONE, q: " sea ", voice: "v" })).toEqual({ q: "sea", voice: "v" });
  });

  it("takes days whole, by the calendar of who asks", () => {
    const { from, to } = asked({ ...NONE, from: "2026-07-01", to: "2026-07-01" });
    expect(new Date(to ?? "").getTime() - new Date(from ?? "").getTime()).toBe(86_400_000 - 1);
    expect(dayOf(from ?? "")).toBe("2026-07-01");
    expect(dayOf(to ?? "")).toBe("2026-07-01");
    expect(from).toMatch(/Z$/);
  });
});
