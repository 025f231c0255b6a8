import { beforeEach, describe, expect, it, vi } from "vitest";
import { NEW_RECORDING, remember, remembered } from "./playback-memory";

const stored = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (name: string) => stored.get(name) ?? null,
  setItem: (name: string, value: string) => stored.set(name, value),
});
beforeEach(() => stored.clear());

describe("the memory of playback", () => {
  it("has the position and the speed of each recording", () => {
    remember("a", { positionS: 42.123, rate: 1.5 }, 100);
    remember("b", { positionS: 7, rate: 1 }, 0);
    expect(remembered("a")).toEqual({ positionS: 42.1, rate: 1.5 });
    expect(remembered("b")).toEqual({ positionS: 7, rate: 1 });
    expect(remembered("c")).toEqual(NEW_RECORDING);
  });

  it("starts from the beginning after the end, and keeps the speed", () => {
    remember("a", { positionS: 99, rate: 1.25 }, 100);
    expect(remembered("a")).toEqual({ positionS: 0, rate: 1.25 });
    remember("a", { positionS: 99, rate: 1 }, 100);
    expect(stored.get("oratio.playback")).toBe("[]");
  });

  it("forgets the oldest recordings, and ignores invalid values", () => {
    for (let n = 0; n < 250; n++) remember(`job-${n}`, { positionS: 10, rate: 1 }, 60);
    expect(remembered("job-49")).toEqual(NEW_RECORDING);
    expect(remembered("job-50").positionS).toBe(10);
    stored.set("oratio.playback", '[["x",-1,1],["y",5,"fast"],7,["z",5,1]]');
    expect([remembered("x"), remembered("y")]).toEqual([NEW_RECORDING, NEW_RECORDING]);
    expect(remembered("z").positionS).toBe(5);
  });
});
