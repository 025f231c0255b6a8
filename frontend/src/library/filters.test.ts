import { describe, expect, it } from "vitest";
import {
  areEqual,
  countMenuFilters,
  filterQuery,
  hasFilters,
  localDay,
  NO_FILTERS,
  parseFilters,
  requestQuery,
} from "./filters";

const SOME = {
  q: "l’eau & le “feu” ?#=%",
  voice: "hibari_heart",
  model: "hibari",
  from: "2026-07-01",
  to: "2026-07-31",
};

describe("filters in the URL", () => {
  it("are read as they were written", () => {
    expect(parseFilters(new URLSearchParams(filterQuery(SOME).toString()))).toEqual(SOME);
  });

  it("leave out empty filters", () => {
    expect(filterQuery(NO_FILTERS).toString()).toBe("");
    expect(filterQuery({ ...NO_FILTERS, q: "sea" }).toString()).toBe("q=sea");
  });

  it.each(["yesterday", "2026-13-01", "2026-02-30", "2026-7-1", "0000-00-00", "2026-07-01T00:00"])(
    "ignore the invalid day %s",
    (day) => {
      expect(parseFilters(new URLSearchParams({ from: day, to: day }))).toEqual(NO_FILTERS);
    },
  );

  it("ignore invalid ids", () => {
    expect(parseFilters(new URLSearchParams({ voice: "no such", model: "é" }))).toEqual(NO_FILTERS);
    expect(parseFilters(new URLSearchParams({ voice: "mix:af_sky*0.4+af_bella" })).voice).toBe(
      "mix:af_sky*0.4+af_bella",
    );
  });

  it("truncate the query to the limit of the service", () => {
    expect(parseFilters(new URLSearchParams({ q: "x".repeat(900) })).q).toHaveLength(200);
  });

  it("can be counted and compared", () => {
    expect(hasFilters(NO_FILTERS)).toBe(false);
    expect(hasFilters({ ...NO_FILTERS, q: "a" })).toBe(true);
    expect(hasFilters({ ...NO_FILTERS, to: "2026-01-01" })).toBe(true);
    expect(countMenuFilters(SOME)).toBe(4);
    expect(areEqual(SOME, { ...SOME })).toBe(true);
    expect(areEqual(SOME, { ...SOME, model: "kokoro" })).toBe(false);
  });
});

describe("requestQuery", () => {
  it("leaves out empty and blank filters", () => {
    expect(requestQuery({ ...NO_FILTERS, q: "   " })).toEqual({});
    expect(requestQuery({ ...NO_FILTERS, q: " sea ", voice: "v" })).toEqual({ q: "sea", voice: "v" });
  });

  it("covers whole days in the local time zone", () => {
    const { from, to } = requestQuery({ ...NO_FILTERS, from: "2026-07-01", to: "2026-07-01" });
    expect(new Date(to ?? "").getTime() - new Date(from ?? "").getTime()).toBe(86_400_000 - 1);
    expect(localDay(from ?? "")).toBe("2026-07-01");
    expect(localDay(to ?? "")).toBe("2026-07-01");
    expect(from).toMatch(/Z$/);
  });
});
