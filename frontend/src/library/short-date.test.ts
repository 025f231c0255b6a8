import { describe, expect, it, vi } from "vitest";

vi.mock("../i18n/formats", () => ({ locale: { value: "en" } }));
const { shortDateOptions } = await import("./short-date");

const NOW = new Date(2026, 6, 15, 9, 0);
const iso = (...at: [number, number, number, number, number]): string => new Date(...at).toISOString();

describe("shortDateOptions", () => {
  it("shows the time for today in the local time zone", () => {
    expect(shortDateOptions(iso(2026, 6, 15, 0, 1), NOW)).toHaveProperty("hour");
    expect(shortDateOptions(iso(2026, 6, 14, 23, 59), NOW)).toEqual({ day: "numeric", month: "short" });
  });

  it("shows the year only if it is not the current one", () => {
    expect(shortDateOptions(iso(2026, 0, 1, 0, 0), NOW)).not.toHaveProperty("year");
    expect(shortDateOptions(iso(2025, 11, 31, 23, 59), NOW)).toHaveProperty("year");
  });
});
