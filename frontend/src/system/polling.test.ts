import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watch, type Reading } from "./polling";

beforeEach(() => vi.useFakeTimers({ now: 1_000 }));
afterEach(() => vi.useRealTimers());

function begin(ask: (signal: AbortSignal) => Promise<number>, isHidden: () => boolean = () => false) {
  const readings: Reading<number>[] = [];
  const running = watch(ask, (reading) => readings.push(reading), { everyMs: 3000, isHidden, nowMs: Date.now });
  return { readings, running };
}

test("reads at once, and again three seconds after each answer", async () => {
  let asked = 0;
  const { readings, running } = begin(() => Promise.resolve(++asked));
  await vi.advanceTimersByTimeAsync(6000);
  running.stop();
  await vi.advanceTimersByTimeAsync(6000);
  expect(readings.map((one) => one.value)).toEqual([1, 2, 3]);
});

test("keeps what was read and its moment when the next reading fails", async () => {
  const answers = [() => Promise.resolve(7), () => Promise.reject(new Error("away")), () => Promise.resolve(8)];
  const { readings } = begin(() => (answers.shift() ?? (() => Promise.resolve(9)))());
  await vi.advanceTimersByTimeAsync(3000);
  expect(readings.at(-1)).toMatchObject({ value: 7, readAtMs: 1_000, failure: { message: "away" } });
  await vi.advanceTimersByTimeAsync(3000);
  expect(readings.at(-1)).toMatchObject({ value: 8, readAtMs: 7_000, failure: null });
});

test("asks nothing while the page is hidden, until it is told to", async () => {
  let hidden = false;
  let asked = 0;
  const { running } = begin(() => Promise.resolve(++asked), () => hidden);
  await vi.advanceTimersByTimeAsync(0);
  hidden = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(1);
  hidden = false;
  running.refresh();
  await vi.advanceTimersByTimeAsync(3000);
  expect(asked).toBe(3);
});

test("an answer that was overtaken is not shown", async () => {
  const slow = (value: number, ms: number) => new Promise<number>((done) => setTimeout(() => done(value), ms));
  const answers = [() => slow(1, 2000), () => slow(2, 100)];
  const { readings, running } = begin(() => (answers.shift() ?? (() => slow(3, 100)))());
  running.refresh();
  await vi.advanceTimersByTimeAsync(2500);
  expect(readings.map((one) => one.value)).toEqual([2]);
});

test("nothing is told after the end", async () => {
  const forEver = (signal: AbortSignal) =>
    new Promise<number>((_, refuse) => signal.addEventListener("abort", () => refuse(new Error("aborted"))));
  const { readings, running } = begin(forEver);
  running.stop();
  await vi.advanceTimersByTimeAsync(10);
  expect(readings).toEqual([]);
});
