import { describe, expect, it } from "vitest";
import { all, NOTHING, ranged, toggled, within } from "./selection";

const SHOWN = ["a", "b", "c", "d", "e"];

describe("a selection", () => {
  it("takes one in and lets it go", () => {
    const one = toggled(NOTHING, "b");
    expect([...one.ids]).toEqual(["b"]);
    expect([...toggled(one, "b").ids]).toEqual([]);
    expect([...NOTHING.ids]).toEqual([]);
  });

  it("takes a range in both directions, from the same anchor each time", () => {
    const one = toggled(NOTHING, "c");
    const down = ranged(one, SHOWN, "e");
    expect([...down.ids].sort()).toEqual(["c", "d", "e"]);
    expect([...ranged(down, SHOWN, "a").ids].sort()).toEqual(SHOWN);
  });

  it("lets a range go when the anchor was let go", () => {
    const without = toggled(all(SHOWN), "b");
    expect([...ranged(without, SHOWN, "d").ids]).toEqual(["a", "e"]);
  });

  it("is one recording where there is no anchor any more", () => {
    expect([...ranged(NOTHING, SHOWN, "d").ids]).toEqual(["d"]);
    expect([...ranged({ ids: new Set(["x"]), anchor: "x" }, SHOWN, "d").ids]).toEqual(["x", "d"]);
  });

  it("holds nothing that is not shown", () => {
    const some = toggled(toggled(NOTHING, "a"), "b");
    expect(within(some, ["a", "c"])).toEqual({ ids: new Set(["a"]), anchor: null });
    expect(within(some, SHOWN)).toBe(some);
  });
});
