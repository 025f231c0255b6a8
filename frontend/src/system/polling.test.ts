import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { poll, type PollResult } from "./polling";

beforeEach(() => vi.useFakeTimers({ now: 1_000 }));
afterEach(() => vi.useRealTimers());

function start(load: (signal: AbortSignal) => Promise<number>, isHidden: () => boolean = () => false) {
  const results: PollResult<number>[] = [];
  const poller = poll(load, (result) => results.push(result), {
    intervalMs: 3000,
    isHidden,
    nowMs: Date.now,
  });
  return { results, poller };
}

test("loads at once, and again three seconds after each response", async () => {
  let requests = 0;
  const { results, poller } = start(() => Promise.resolve(++requests));
  await vi.advanceTimersByTimeAsync(6000);
  poller.stop();
  await vi.advanceTimersByTimeAsync(6000);
  expect(results.map((one) => one.value)).toEqual([1, 2, 3]);
});

test("keeps the last value and its time when a request fails", async () => {
  const answers = [
    () => Promise.resolve(7),
    () => Promise.reject(new Error("away")),
    () => Promise.resolve(8),
  ];
  const { results } = start(() => (answers.shift() ?? (() => Promise.resolve(9)))());
  await vi.advanceTimersByTimeAsync(3000);
  expect(results.at(-1)).toMatchObject({ value: 7, loadedAtMs: 1_000, failure: { message: "away" } });
  await vi.advanceTimersByTimeAsync(3000);
  expect(results.at(-1)).toMatchObject({ value: 8, loadedAtMs: 7_000, failure: null });
});

test("sends no requests while the page is hidden, until a refresh", async () => {
  let hidden = false;
  let requests = 0;
  const { poller } = start(
    () => Promise.resolve(++requests),
    () => hidden,
  );
  await vi.advanceTimersByTimeAsync(0);
  hidden = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(requests).toBe(1);
  hidden = false;
  poller.refresh();
  await vi.advanceTimersByTimeAsync(3000);
  expect(requests).toBe(3);
});

test("ignores the response of a superseded request", async () => {
  const slow = (value: number, ms: number) =>
    new Promise<number>((done) => setTimeout(() => done(value), ms));
  const answers = [() => slow(1, 2000), () => slow(2, 100)];
  const { results, poller } = start(() => (answers.shift() ?? (() => slow(3, 100)))());
  poller.refresh();
  await vi.advanceTimersByTimeAsync(2500);
  expect(results.map((one) => one.value)).toEqual([2]);
});

test("reports nothing after it is stopped", async () => {
  const forEver = (signal: AbortSignal) =>
    new Promise<number>((_, refuse) => signal.addEventListener("abort", () => refuse(new Error("aborted"))));
  const { results, poller } = start(forEver);
  poller.stop();
  await vi.advanceTimersByTimeAsync(10);
  expect(results).toEqual([]);
});
