import { describe, expect, it } from "vitest";
import { type Draft, parseDrafts, takeDraft, withDraft } from "./drafts";

const draft = (id: string, changes: Partial<Draft> = {}): Draft => ({
  id,
  text: `text of ${id}`,
  isOpen: false,
  savedAtMs: 0,
  ...changes,
});
const newId = (): string => "new";

describe("takeDraft", () => {
  it("continues the tab's own draft after a reload", () => {
    const drafts = [draft("a"), draft("b", { savedAtMs: 9 })];
    expect(takeDraft(drafts, "a", newId)).toMatchObject({ id: "a", text: "text of a" });
  });

  it("takes the newest draft of a closed tab, and none of an open one", () => {
    const drafts = [draft("a"), draft("b", { savedAtMs: 9 }), draft("c", { isOpen: true, savedAtMs: 99 })];
    expect(takeDraft(drafts, null, newId)).toMatchObject({ id: "b" });
    expect(takeDraft([draft("c", { isOpen: true })], null, newId)).toEqual({ id: "new", text: "" });
  });

  it("copies the draft for a copy of a tab", () => {
    expect(takeDraft([draft("a", { isOpen: true })], "a", newId)).toEqual({ id: "new", text: "text of a" });
  });
});

describe("withDraft", () => {
  it("replaces a draft, drops empty and the oldest ones, and keeps those of other tabs", () => {
    const drafts = [draft("a"), draft("b", { savedAtMs: 1 })];
    expect(withDraft(drafts, draft("a", { text: "changed", savedAtMs: 2 })).map((one) => one.id)).toEqual([
      "a",
      "b",
    ]);
    expect(withDraft(drafts, draft("a", { text: "" })).map((one) => one.id)).toEqual(["b"]);
    const many = Array.from({ length: 12 }, (_, n) => draft(`d${n}`, { savedAtMs: n }));
    expect(withDraft(many, draft("x", { savedAtMs: 99 }))).toHaveLength(10);
  });
});

it("ignores invalid drafts", () => {
  expect(parseDrafts({})).toEqual([]);
  expect(parseDrafts([null, 5, { id: "a" }, draft("b")])).toEqual([draft("b")]);
});
