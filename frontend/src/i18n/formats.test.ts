import { beforeEach, describe, expect, it, vi } from "vitest";

const browser = vi.hoisted(() => ({ language: { value: "en" }, tags: [] as string[] }));
vi.mock("./index", () => browser);

/** Imports the module anew, as `locale` keeps its first value. */
async function importFormats(language: "en" | "fr", tags: readonly string[]) {
  vi.resetModules();
  browser.language.value = language;
  browser.tags.splice(0, Infinity, ...tags);
  return import("./formats");
}

describe("soundLength", () => {
  let formats: Awaited<ReturnType<typeof importFormats>>;
  beforeEach(async () => {
    formats = await importFormats("en", []);
  });

  it.each([
    [0.02, "0.1\u00a0s"],
    [0.94, "0.9\u00a0s"],
    [9.94, "9.9\u00a0s"],
    [9.97, "0:10"],
    [187.9, "3:07"],
  ])("formats %d seconds as %s", (seconds, expected) => {
    expect(formats.soundLength(seconds)).toBe(expected);
  });

  it("formats an empty sound as zero seconds", () => {
    expect(formats.soundLength(0)).toBe("0.0\u00a0s");
  });
});

describe("span", () => {
  it.each([
    [7, "7 secs"],
    [4800, "1 hr 20 mins"],
    [48 * 3600, "48 hrs"],
    [72 * 3600, "3 days"],
    [720 * 3600, "30 days"],
  ])("formats %d seconds as %s", async (seconds, expected) => {
    const { span } = await importFormats("en", ["en-GB"]);
    expect(span(seconds)).toBe(expected);
  });
});

describe("locale", () => {
  it.each([
    ["en", ["fr-CA", "en-GB", "en-US"], "en-GB"],
    ["fr", ["en-GB", "fr-CA"], "fr-CA"],
    ["fr", ["FR"], "FR"],
    ["fr", ["en-GB"], "fr"],
    ["en", [], "en"],
    ["en", ["enm"], "en"],
  ] as const)("is the browser's tag for %s in %j", async (language, tags, expected) => {
    expect((await importFormats(language, tags)).locale.value).toBe(expected);
  });

  it.each([
    ["en", ["en-US@posix"], "en"],
    ["fr", ["fr_FR"], "fr"],
    ["en", ["en-US@posix", "en-GB"], "en-GB"],
  ] as const)("skips an invalid tag for %s in %j", async (language, tags, expected) => {
    const { count, locale } = await importFormats(language, tags);
    expect(locale.value).toBe(expected);
    expect(count(7)).toBe("7");
  });
});
