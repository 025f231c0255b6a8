import { expect, it } from "vitest";
import { nextPollMs } from "./poll-interval";

it("polls every five seconds, and less often if requests are slow", () => {
  expect(nextPollMs(20)).toBe(5000);
  expect(nextPollMs(500)).toBe(5000);
  expect(nextPollMs(2000)).toBe(18_000);
});
