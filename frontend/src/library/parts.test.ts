import { describe, expect, it } from "vitest";
import { groupParts, type PartGroup, summarize, toEntries } from "./parts";
import { toRow, type Row } from "./rows";

const row = (jobId: string, title: string, changes: Partial<Row> = {}): Row => ({
  ...toRow({
    job_id: jobId,
    title,
    text: "The sea was calm.",
    voice_id: "v",
    model: "m",
    provider: "local",
    language: "en",
    speed: 1,
    style: null,
    format: "mp3",
    duration_s: 60,
    size_bytes: 100,
    sample_rate_hz: 24000,
    sha256: "0",
    audio_url: "",
    created_at: "2026-07-01T12:00:00Z",
    kept: false,
    expires_at: null,
    seed: null,
    lexicon: {},
  }),
  ...changes,
});

const isGroup = (one: Row | PartGroup): one is PartGroup => "parts" in one;
/** Jobs as they are listed: those of a group in brackets. */
const shape = (rows: readonly Row[]) =>
  groupParts(rows).map((one) => (isGroup(one) ? one.parts.map((part) => part.jobId) : one.jobId));

describe("groupParts", () => {
  it("groups the parts of a text at the place of the newest, in the order of their numbers", () => {
    const rows = [
      row("x", "Another"),
      row("b2", "Book (2/3)"),
      row("y", "In between"),
      row("b3", "Book (3/3)"),
      row("b1", "Book (1/3)"),
    ];
    expect(shape(rows)).toEqual(["x", ["b1", "b2", "b3"], "y"]);
    expect(groupParts(rows)[1]).toMatchObject({ title: "Book", total: 3 });
  });

  it("knows how many parts there should be", () => {
    const [group] = groupParts([row("b12", "Book (12/12)"), row("b03", "Book (03/12)")]);
    expect(group).toMatchObject({ title: "Book", total: 12 });
  });

  it("leaves a single part and titles that only look like one", () => {
    const rows = [
      row("a", "Book (1/3)"),
      row("b", "Score (3/2)"),
      row("c", "Score (2/2)"),
      row("d", "Set (0/2)"),
      row("e", "Set (1/1)"),
      row("f", "Set (1/2) again"),
    ];
    expect(shape(rows)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  it("tells texts, voices, formats and repeated recordings of a text apart", () => {
    expect(
      shape([
        row("n2", "Book (2/2)"),
        row("n1", "Book (1/2)"),
        row("o2", "Book (2/2)"),
        row("o1", "Book (1/2)"),
        row("v2", "Book (2/2)", { voiceId: "w" }),
        row("v1", "Book (1/2)", { voiceId: "w" }),
        row("f1", "Book (1/2)", { format: "wav" }),
        row("p1", "Page (1/2)"),
      ]),
    ).toEqual([["n1", "n2"], ["o1", "o2"], ["v1", "v2"], "f1", "p1"]);
  });
});

describe("toEntries", () => {
  const rows = [row("b2", "Book (2/2)"), row("b1", "Book (1/2)"), row("x", "Another")];

  it("shows one row for a group that is closed", () => {
    const entries = toEntries(rows, new Set());
    expect(entries.map((entry) => [entry.kind, entry.jobIds])).toEqual([
      ["group", ["b1", "b2"]],
      ["recording", ["x"]],
    ]);
  });

  it("shows the parts below a group that is open", () => {
    const entries = toEntries(rows, new Set(["b2"]));
    expect(entries.map((entry) => entry.id)).toEqual(["parts-b1", "b1", "b2", "x"]);
    expect(entries.map((entry) => entry.kind === "recording" && entry.part)).toEqual([
      false,
      { number: 1, total: 2 },
      { number: 2, total: 2 },
      null,
    ]);
  });
});

describe("summarize", () => {
  const [early, late] = ["2026-07-01T12:00:00Z", "2026-07-01T13:00:00Z"];

  it("adds durations and sizes, and has the newest date and the earliest deletion", () => {
    const parts = [
      row("a", "Book (1/2)", { durationS: 60, sizeBytes: 100, createdAt: early, expiresAt: late }),
      row("b", "Book (2/2)", { durationS: 30, sizeBytes: 50, createdAt: late, expiresAt: early }),
    ];
    expect(summarize(parts)).toEqual({
      durationS: 90,
      sizeBytes: 150,
      createdAt: late,
      isBeep: false,
      isKept: false,
      expiresAt: early,
    });
  });

  it("is only a beep if every part is", () => {
    const beep = row("a", "Book (1/2)", { isBeep: true });
    expect(summarize([beep, row("b", "Book (2/2)")]).isBeep).toBe(false);
    expect(summarize([beep, { ...beep, jobId: "b" }]).isBeep).toBe(true);
  });

  it("is kept only if every part is", () => {
    const kept = row("a", "Book (1/2)", { isKept: true });
    expect(summarize([kept, row("b", "Book (2/2)")]).isKept).toBe(false);
    expect(summarize([kept, { ...kept, jobId: "b" }])).toMatchObject({ isKept: true, expiresAt: null });
  });
});
