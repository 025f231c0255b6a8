import { expect, it } from "vitest";
import { pauseMs } from "./poll-interval";

it("looks every five seconds, and less often where looking is hard work", () => {
  expect(pauseMs(20)).toBe(5000);
  expect(pauseMs(500)).toBe(5000);
  expect(pauseMs(2000)).toBe(18_000);
});
