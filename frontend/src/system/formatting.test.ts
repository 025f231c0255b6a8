import { describe, expect, it, test, vi } from "vitest";

const locale = { value: "en" };
vi.mock("../i18n/formats", () => ({ locale, span: String }));
const { ageS, audioAmount } = await import("./formatting");

describe("audioAmount", () => {
  it.each([
    ["en", 0, "0", "seconds"],
    ["en", 1, "1", "second"],
    ["en", 24, "24", "seconds"],
    ["en", 60, "1", "minute"],
    ["en", 90, "1.5", "minutes"],
    ["en", 4000, "67", "minutes"],
    ["en", 9000, "2.5", "hours"],
    ["en", 4_500_000, "1,250", "hours"],
    ["fr", 0, "0", "seconde"],
    ["fr", 90, "1,5", "minute"],
    ["fr", 120, "2", "minutes"],
  ])("in %s, %d seconds are %s %s", (tag, seconds, value, unit) => {
    locale.value = tag;
    expect(audioAmount(seconds)).toEqual({ value, unit });
  });
});

test("the age of a time in the future is zero", () => {
  expect(ageS("2026-01-01T00:00:10Z", Date.parse("2026-01-01T00:00:00Z"))).toBe(0);
  expect(ageS(null, 0)).toBeNull();
});
