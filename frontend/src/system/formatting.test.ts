import { describe, expect, it, vi } from "vitest";

const locale = { value: "en" };
vi.mock("../i18n/formats", () => ({ locale, span: String }));
const { audioAmount } = await import("./formatting");

describe("how much sound there is", () => {
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
