import { describe, expect, it } from "vitest";
import { EMPTY_SELECTION, restrictTo, selectAll, selectMany, selectRange, toggle } from "./selection";

const SHOWN = ["a", "b", "c", "d", "e"];

describe("a selection", () => {
  it("adds and removes one recording", () => {
    const one = toggle(EMPTY_SELECTION, "b");
    expect([...one.ids]).toEqual(["b"]);
    expect([...toggle(one, "b").ids]).toEqual([]);
    expect([...EMPTY_SELECTION.ids]).toEqual([]);
  });

  it("selects a range in both directions from the same anchor", () => {
    const one = toggle(EMPTY_SELECTION, "c");
    const down = selectRange(one, SHOWN, "e");
    expect([...down.ids].sort()).toEqual(["c", "d", "e"]);
    expect([...selectRange(down, SHOWN, "a").ids].sort()).toEqual(SHOWN);
  });

  it("deselects a range if its anchor is not selected", () => {
    const without = toggle(selectAll(SHOWN), "b");
    expect([...selectRange(without, SHOWN, "d").ids]).toEqual(["a", "e"]);
  });

  it("selects one recording if there is no anchor", () => {
    expect([...selectRange(EMPTY_SELECTION, SHOWN, "d").ids]).toEqual(["d"]);
    expect([...selectRange({ ids: new Set(["x"]), anchor: "x" }, SHOWN, "d").ids]).toEqual(["x", "d"]);
  });

  it("adds several recordings at once, and removes them if all are selected", () => {
    const some = selectMany(toggle(EMPTY_SELECTION, "b"), ["b", "c"]);
    expect([...some.ids]).toEqual(["b", "c"]);
    expect([...selectMany(toggle(some, "a"), ["b", "c"]).ids]).toEqual(["a"]);
    expect([...selectRange(some, SHOWN, "d").ids].sort()).toEqual(["b", "c", "d"]);
  });

  it("drops recordings that are not visible", () => {
    const some = toggle(toggle(EMPTY_SELECTION, "a"), "b");
    expect(restrictTo(some, ["a", "c"])).toEqual({ ids: new Set(["a"]), anchor: null });
    expect(restrictTo(some, SHOWN)).toBe(some);
  });
});
