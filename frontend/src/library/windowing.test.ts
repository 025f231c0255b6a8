import { describe, expect, it } from "vitest";
import { renderedIndices, renderedRange, scrollDelta, targetIndex } from "./windowing";

const VIEW = { viewHeight: 800, rowHeight: 80 };

describe("renderedRange", () => {
  it("contains the visible rows and a few beyond", () => {
    expect(renderedRange({ ...VIEW, pixelsAbove: 8000, count: 20_000 })).toEqual({ first: 92, end: 118 });
  });

  it("stays within the list", () => {
    expect(renderedRange({ ...VIEW, pixelsAbove: -400, count: 20_000 })).toEqual({ first: 0, end: 13 });
    expect(renderedRange({ ...VIEW, pixelsAbove: 1_600_000, count: 20_000 })).toEqual({
      first: 19_992,
      end: 20_000,
    });
    expect(renderedRange({ ...VIEW, pixelsAbove: -9000, count: 5 })).toEqual({ first: 0, end: 0 });
    expect(renderedRange({ ...VIEW, pixelsAbove: 0, count: 0 })).toEqual({ first: 0, end: 0 });
    expect(renderedRange({ ...VIEW, rowHeight: 0, pixelsAbove: 0, count: 9 })).toEqual({ first: 0, end: 0 });
  });

  it("does not grow with the list", () => {
    const sizes = [100, 20_000, 1_000_000].map((count) => {
      const { first, end } = renderedRange({ ...VIEW, pixelsAbove: 40 * count, count });
      return end - first;
    });
    expect(new Set(sizes).size).toBe(1);
  });

  it("includes the focused row", () => {
    expect(renderedIndices({ first: 3, end: 6 }, 4)).toEqual([3, 4, 5]);
    expect(renderedIndices({ first: 3, end: 6 }, 0)).toEqual([0, 3, 4, 5]);
    expect(renderedIndices({ first: 3, end: 6 }, 90)).toEqual([3, 4, 5, 90]);
    expect(renderedIndices({ first: 3, end: 6 }, -1)).toEqual([3, 4, 5]);
  });
});

describe("targetIndex", () => {
  const at = { from: 50, count: 100, rowsPerPage: 10 };

  it.each([
    ["ArrowDown", 51],
    ["ArrowUp", 49],
    ["PageDown", 59],
    ["PageUp", 41],
    ["Home", 0],
    ["End", 99],
    ["a", null],
  ])("%s moves to %s", (key, to) => {
    expect(targetIndex(key, at)).toBe(to);
  });

  it("stays within the list", () => {
    expect(targetIndex("ArrowUp", { ...at, from: 0 })).toBe(0);
    expect(targetIndex("PageDown", { ...at, from: 95 })).toBe(99);
    expect(targetIndex("Home", { ...at, count: 0 })).toBeNull();
  });
});

describe("scrollDelta", () => {
  const view = { viewTop: 100, viewBottom: 500 };

  it("is as small as possible", () => {
    expect(scrollDelta({ ...view, top: 200, bottom: 280 })).toBe(0);
    expect(scrollDelta({ ...view, top: 60, bottom: 140 })).toBe(-40);
    expect(scrollDelta({ ...view, top: 460, bottom: 540 })).toBe(40);
  });

  it("shows the top of a row that is higher than the viewport", () => {
    expect(scrollDelta({ ...view, top: 150, bottom: 900 })).toBe(50);
  });
});
