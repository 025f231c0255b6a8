import { describe, expect, it } from "vitest";
import { requestQuery, localDay, countMenuFilters, hasFilters, areEqual, NO_FILTERS, parseFilters, filterQuery } from "./filters";

const SOME = { q: "l’eau & le “feu” ?#=%", voice: "hibari_heart", model: "hibari", from: "2026-07-01", to: "2026-07-31" };

describe("filters in the address", () => {
  it("come back as they were written, whatever was typed", () => {
    expect(parseFilters(new URLSearchParams(filterQuery(SOME).toString()))).toEqual(SOME);
  });

  it("write nothing of what is not asked for", () => {
    expect(filterQuery(NO_FILTERS).toString()).toBe("");
    expect(filterQuery({ ...NO_FILTERS, q: "sea" }).toString()).toBe("q=sea");
  });

  it.each(["yesterday", "2026-13-01", "2026-02-30", "2026-7-1", "0000-00-00", "2026-07-01T00:00"])("drop %s, which is no day", (day) => {
    expect(parseFilters(new URLSearchParams({ from: day, to: day }))).toEqual(NO_FILTERS);
  });

  it("drop ids that no voice can have", () => {
    expect(parseFilters(new URLSearchParams({ voice: "no such", model: "é" }))).toEqual(NO_FILTERS);
    expect(parseFilters(new URLSearchParams({ voice: "mix:af_sky*0.4+af_bella" })).voice).toBe("mix:af_sky*0.4+af_bella");
  });

  it("read no more words than the service does", () => {
    expect(parseFilters(new URLSearchParams({ q: "x".repeat(900) })).q).toHaveLength(200);
  });

  it("tell whether anything is asked for", () => {
    expect(hasFilters(NO_FILTERS)).toBe(false);
    expect(hasFilters({ ...NO_FILTERS, q: "a" })).toBe(true);
    expect(hasFilters({ ...NO_FILTERS, to: "2026-01-01" })).toBe(true);
    expect(countMenuFilters(SOME)).toBe(4);
    expect(areEqual(SOME, { ...SOME })).toBe(true);
    expect(areEqual(SOME, { ...SOME, model: "kokoro" })).toBe(false);
  });
});

describe("what the service is asked", () => {
  it("leaves out what is empty, blank words too", () => {
    expect(requestQuery({ ...NO_FILTERS, q: "   " })).toEqual({});
    expect(requestQuery({ ...NO_FILTERS, q: " sea ", voice: "v" })).toEqual({ q: "sea", voice: "v" });
  });

  it("takes days whole, by the calendar of who asks", () => {
    const { from, to } = requestQuery({ ...NO_FILTERS, from: "2026-07-01", to: "2026-07-01" });
    expect(new Date(to ?? "").getTime() - new Date(from ?? "").getTime()).toBe(86_400_000 - 1);
    expect(localDay(from ?? "")).toBe("2026-07-01");
    expect(localDay(to ?? "")).toBe("2026-07-01");
    expect(from).toMatch(/Z$/);
  });
});
