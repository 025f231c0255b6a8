import { describe, expect, it } from "vitest";
import type { Recording } from "../api/client";
import { excerpt, joined, merged, rowOf, type Row } from "./rows";

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
};

function rows(...ids: string[]): Row[] {
  return ids.map((id) => rowOf({ ...RECORDING, job_id: id }));
}

const ids = (list: readonly Row[] | null): string[] | undefined => list?.map((row) => row.jobId);

describe("a row", () => {
  it("holds no more of a book than its first words", () => {
    const row = rowOf({ ...RECORDING, title: "Book", text: "word ".repeat(100_000) });
    expect(row.excerpt.length).toBeLessThanOrEqual(202);
    expect(JSON.stringify(row).length).toBeLessThan(600);
  });

  it("goes on behind a title that is the first words", () => {
    expect(excerpt("The sea was…", "The sea\n was calm that day.")).toBe("… calm that day.");
    expect(excerpt("The sea was calm.", "The sea was calm.")).toBe("");
    expect(excerpt("The sea was ca…", "The sea was calm that day.")).toBe("… calm that day.");
    expect(excerpt("  The  sea ", "The sea\n")).toBe("");
    expect(excerpt("海は静か…", "海は静かだった。")).toBe("… だった。");
    expect(excerpt("Renamed", "The sea  was calm.")).toBe("The sea was calm.");
    expect(excerpt("", "The sea")).toBe("The sea");
    expect(excerpt("Long", "word ".repeat(90))).toMatch(/^word/);
  });

  it("cuts no character in two", () => {
    expect(() => encodeURIComponent(excerpt("", "🌊".repeat(300)))).not.toThrow();
    expect(() => encodeURIComponent(rowOf({ ...RECORDING, title: `x${"🌊".repeat(300)}` }).title)).not.toThrow();
  });
});

describe("a list that is looked at again", () => {
  it("has what is new at its top and keeps what was loaded behind", () => {
    expect(ids(merged(rows("b", "c", "d", "e"), { rows: rows("a", "b", "c"), next: "x" }))).toEqual(["a", "b", "c", "d", "e"]);
  });

  it("loses what was removed elsewhere", () => {
    expect(ids(merged(rows("a", "b", "c", "d"), { rows: rows("a", "c"), next: "x" }))).toEqual(["a", "c", "d"]);
    expect(ids(merged(rows("a", "b"), { rows: [], next: null }))).toEqual([]);
  });

  it("says when too much is new for the two to meet", () => {
    expect(merged(rows("x", "y"), { rows: rows("a", "b"), next: "n" })).toBeNull();
  });

  it("shows nothing twice where pages overlap", () => {
    expect(ids(joined(rows("a", "b"), { rows: rows("b", "c"), next: null }))).toEqual(["a", "b", "c"]);
  });
});
