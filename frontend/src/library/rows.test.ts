import { describe, expect, it } from "vitest";
import type { Recording } from "../api/client";
import { appendPage, excerpt, mergeFirstPage, type Row, toRow } from "./rows";

const RECORDING: Recording = {
  job_id: "a",
  title: "The sea",
  text: "The sea was calm.",
  voice_id: "v",
  model: "m",
  provider: "local",
  language: "en",
  speed: 1,
  style: null,
  format: "wav",
  duration_s: 1.5,
  size_bytes: 100,
  sample_rate_hz: 24000,
  sha256: "0",
  audio_url: "/jobs/a/audio",
  created_at: "2026-07-01T12:00:00Z",
  kept: false,
  expires_at: null,
  seed: null,
  lexicon: {},
};

function rows(...ids: string[]): Row[] {
  return ids.map((id) => toRow({ ...RECORDING, job_id: id }));
}

const ids = (list: readonly Row[] | null): string[] | undefined => list?.map((row) => row.jobId);

describe("a row", () => {
  it("keeps only the first words of a long text", () => {
    const row = toRow({ ...RECORDING, title: "Book", text: "word ".repeat(100_000) });
    expect(row.excerpt.length).toBeLessThanOrEqual(202);
    expect(JSON.stringify(row).length).toBeLessThan(600);
  });

  it("tells a beep from speech", () => {
    expect(toRow({ ...RECORDING, provider: "stub" }).isBeep).toBe(true);
    expect(toRow(RECORDING).isBeep).toBe(false);
  });

  it("starts the excerpt after a title that is the start of the text", () => {
    expect(excerpt("The sea was…", "The sea\n was calm that day.")).toBe("… calm that day.");
    expect(excerpt("The sea was calm.", "The sea was calm.")).toBe("");
    expect(excerpt("The sea was ca…", "The sea was calm that day.")).toBe("… calm that day.");
    expect(excerpt("  The  sea ", "The sea\n")).toBe("");
    expect(excerpt("海は静か…", "海は静かだった。")).toBe("… だった。");
    expect(excerpt("Renamed", "The sea  was calm.")).toBe("The sea was calm.");
    expect(excerpt("", "The sea")).toBe("The sea");
    expect(excerpt("Long", "word ".repeat(90))).toMatch(/^word/);
  });

  it("does not split surrogate pairs", () => {
    expect(() => encodeURIComponent(excerpt("", "🌊".repeat(300)))).not.toThrow();
    expect(() =>
      encodeURIComponent(toRow({ ...RECORDING, title: `x${"🌊".repeat(300)}` }).title),
    ).not.toThrow();
  });
});

describe("a list that is reloaded", () => {
  it("puts new rows first and keeps later pages", () => {
    expect(
      ids(mergeFirstPage(rows("b", "c", "d", "e"), { rows: rows("a", "b", "c"), nextCursor: "x" })),
    ).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("drops rows that were deleted elsewhere", () => {
    expect(ids(mergeFirstPage(rows("a", "b", "c", "d"), { rows: rows("a", "c"), nextCursor: "x" }))).toEqual([
      "a",
      "c",
      "d",
    ]);
    expect(ids(mergeFirstPage(rows("a", "b"), { rows: [], nextCursor: null }))).toEqual([]);
  });

  it("returns null if the pages do not overlap", () => {
    expect(mergeFirstPage(rows("x", "y"), { rows: rows("a", "b"), nextCursor: "n" })).toBeNull();
  });

  it("drops duplicates of overlapping pages", () => {
    expect(ids(appendPage(rows("a", "b"), { rows: rows("b", "c"), nextCursor: null }))).toEqual([
      "a",
      "b",
      "c",
    ]);
  });
});
