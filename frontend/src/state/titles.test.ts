import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { titleOf } from "./titles";

/** The cases that the service's tests read, too. */
const file = new URL("../../../tests/support/title_cases.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as [text: string, title: string][];

describe("titleOf", () => {
  it.each(cases)("%j is %j", (text, title) => {
    expect(titleOf(text)).toBe(title);
  });
});
