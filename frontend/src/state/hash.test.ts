import { describe, expect, it } from "vitest";
import { currentHash, formatHash, parseHash } from "./hash";

describe("parseHash", () => {
  it("reads the screen, the job and the query", () => {
    expect(parseHash("#/system?tab=models")).toMatchObject({ screen: "system", id: null });
    expect(parseHash("#/system?tab=models").query.get("tab")).toBe("models");
    expect(parseHash("#/listen/a%20b")).toMatchObject({ screen: "listen", id: "a b" });
  });

  it.each(["", "#", "#/", "#/nowhere", "#/listen", "#/listen/"])("opens the first screen for %j", (hash) => {
    expect(parseHash(hash)).toMatchObject({ screen: "write", id: null });
  });

  it("keeps an id that is not valid percent-encoding", () => {
    expect(parseHash("#/listen/100%").id).toBe("100%");
  });

  it("reads what formatHash writes", () => {
    const query = new URLSearchParams({ q: "l’eau & le “feu” ?#=%" });
    expect(parseHash(formatHash("library", undefined, query)).query.get("q")).toBe(query.get("q"));
    expect(parseHash(formatHash("listen", "a/b")).id).toBe("a/b");
  });
});

describe("currentHash", () => {
  it.each([
    ["#/farm", "#/system"],
    ["#/farm?part=models", "#/system?tab=models"],
    ["#/farm?part=figures", "#/system?tab=statistics"],
    ["#/farm?part=figures&range=30", "#/system?tab=statistics&range=30"],
  ])("redirects the old %s to %s", (old, current) => {
    expect(currentHash(old)).toBe(current);
  });

  it.each(["", "#/", "#/system?tab=models", "#/library?q=farm", "#/listen/farm"])(
    "leaves %j as it is",
    (hash) => {
      expect(currentHash(hash)).toBe(hash);
    },
  );
});
