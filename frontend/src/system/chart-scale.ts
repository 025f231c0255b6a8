/** Computes axis ticks and label positions of charts. */

/** Returns which of `count` points get a label of `labelPx` on an axis of `widthPx`. The last point always has one. */
export function labelIndices(count: number, widthPx: number, labelPx: number): number[] {
  if (count <= 0) return [];
  const fit = Math.max(1, Math.floor(widthPx / labelPx));
  const step = niceStep(Math.ceil(count / fit));
  const ticks: number[] = [];
  for (let index = count - 1; index >= 0; index -= step) ticks.unshift(index);
  return ticks;
}

/** Label steps that suit hours and days. */
const LABEL_STEPS = [1, 2, 3, 4, 6, 7, 12, 14, 21, 28];

function niceStep(min: number): number {
  return LABEL_STEPS.find((step) => step >= min) ?? min;
}

/** Returns ticks from 0 to at least `max`: about `count` steps of 1, 2 or 5 times a power of ten, or integer steps. */
export function linearTicks(
  max: number,
  { count = 4, integers = false }: { count?: number; integers?: boolean } = {},
): number[] {
  if (!(max > 0)) return [0, 1];
  const raw = max / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const nice = ([1, 2, 5, 10].find((step) => step * power >= raw) ?? 10) * power;
  const step = integers ? Math.max(1, nice) : nice;
  const ticks = [];
  for (let index = 0; index <= Math.ceil(max / step - 1e-9); index++)
    ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

/** Round durations in milliseconds. */
const COARSE_MS = [0.1, 1, 10, 100, 1e3, 1e4, 6e4, 6e5, 3.6e6, 3.6e7, 3.6e8, 3.6e9];
const FINE_MS = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 1.2e5, 3e5, 6e5, 1.8e6,
  3.6e6, 7.2e6, 1.8e7, 3.6e7, 8.64e7, 3.6e8, 3.6e9,
];
const MAX_TICKS = 6;

/** Returns ticks for a logarithmic scale, from at most `min` to at least `max`. Both are above 0. */
export function timeTicks(min: number, max: number): number[] {
  const fine = ticksAround(FINE_MS, min, max);
  return fine.length <= MAX_TICKS ? fine : ticksAround(COARSE_MS, min, max);
}

function ticksAround(times: readonly number[], min: number, max: number): number[] {
  const first = times.findLastIndex((time) => time <= min);
  const last = times.findIndex((time) => time >= max);
  return times.slice(Math.max(0, first), last < 0 ? undefined : last + 1);
}

/** Values whose ratio is higher need a logarithmic scale, or the small ones would be invisible. */
const LOG_SCALE_RATIO = 20;

export function needsLogScale(values: readonly number[]): boolean {
  const positive = values.filter((value) => value > 0);
  return positive.length > 0 && Math.max(...positive) / Math.min(...positive) > LOG_SCALE_RATIO;
}

/** Moves labels apart to a distance of at least `gap`, as little as possible, in order, between `low` and `high`. */
export function spreadLabels(
  positions: readonly number[],
  { gap, low, high }: { gap: number; low: number; high: number },
): number[] {
  const order = positions
    .map((position, index) => ({ position, index }))
    .sort((a, b) => a.position - b.position || a.index - b.index);
  let floor = low;
  for (const one of order) {
    one.position = Math.max(one.position, floor);
    floor = one.position + gap;
  }
  let ceiling = high;
  for (const one of order.toReversed()) {
    one.position = Math.min(one.position, ceiling);
    ceiling = one.position - gap;
  }
  const moved: number[] = [];
  for (const one of order) moved[one.index] = one.position;
  return moved;
}
