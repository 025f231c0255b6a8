import { expect, test } from "vitest";
import { barFraction, sortQueues } from "./queue-load";
import type { Queue } from "./types";

function queue(name: string, queued: number, running = 0): Queue {
  return {
    queue: name,
    model: name,
    lane: "bulk",
    queued,
    queued_is_at_least: false,
    running,
    oldest_at: null,
    workers: 1,
  };
}

test("queues are sorted by load, then by name", () => {
  const sorted = sortQueues([queue("b", 0), queue("a", 0), queue("c", 1, 1), queue("d", 40)]);
  expect(sorted.map((one) => one.queue)).toEqual(["d", "c", "a", "b"]);
});

test("a bar of a small value stays visible, and one of zero is empty", () => {
  expect(barFraction(1, 10_000)).toBe(0.02);
  expect(barFraction(0, 10)).toBe(0);
  expect(barFraction(5, 10)).toBe(0.5);
});
