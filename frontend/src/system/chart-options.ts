/** What the charts look like: bars by hour or day, and lines of percentiles. */

import uPlot from "uplot";
import type { Drawing } from "./chart-canvas";
import { patternOf, type Ink } from "./chart-colors";
import { everyNth, isWide, linearTicks, spread, timeTicks } from "./chart-scale";

const FONT_PX = 12;
/** What a label of the axis below takes, with air. */
const LABEL_PX = 64;

interface Axes {
  ink: Ink;
  /** By place. */
  names: readonly string[];
}

/** Of one value; `whole` where there are no halves of it. */
export function bars(heights: readonly number[], { ink, names, value }: Axes & { value: (amount: number) => string }): Drawing {
  const ticks = linearTicks(Math.max(0, ...heights));
  const options = { ...frame(ink, names, ticks, value), series: [{}, bar(ink.accent, ink.accent)] };
  return { options, data: [places(names), [...heights]] };
}

/** Of three values on each other, the highest first: dotted, hatched, solid. */
export function stackedBars(
  [all, ended, completed]: readonly [number[], number[], number[]],
  { ink, names, value }: Axes & { value: (amount: number) => string },
): Drawing {
  const ticks = linearTicks(Math.max(0, ...all), { whole: true });
  const series = [
    {},
    bar(patternOf("dotted", ink.soft, ink.sheet), ink.soft),
    bar(patternOf("hatched", ink.bad, ink.sheet), ink.bad),
    bar(ink.good, ink.good),
  ];
  return { options: { ...frame(ink, names, ticks, value), series }, data: [places(names), all, ended, completed] };
}

function bar(fill: CanvasPattern | string, stroke: string): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.7, 44], radius: 0.12 });
  return { fill: () => fill, stroke, width: 1, points: { show: false }, ...(paths ? { paths } : {}) };
}

/** Dashes tell lines apart without colours. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3]];

export interface Line {
  label: string;
  values: readonly (number | null)[];
}

/** Of times in milliseconds, from the shortest to the longest; each has its label at its end. */
export function lines(all: readonly Line[], { ink, names, value }: Axes & { value: (ms: number) => string }): Drawing {
  const values = all.flatMap((line) => line.values.filter((one) => one !== null));
  const wide = isWide(values);
  const positive = values.filter((one) => one > 0);
  const ticks = wide
    ? timeTicks(Math.min(...positive), Math.max(...positive))
    : linearTicks(Math.max(0, ...values));
  const colours = [ink.good, ink.accent, ink.bad];
  const least = ticks[0] ?? 0;
  const framed = frame(ink, names, ticks, value, { wide, right: 76 });
  const series = all.map((_, index) => line(colours[index] ?? ink.text, DASHES[index] ?? [], ink.sheet));
  const drawn = all.map((one) => one.values.map((ms) => (ms !== null && wide ? Math.max(least, ms) : ms)));
  return {
    options: { ...framed, series: [{}, ...series], hooks: { draw: [endLabels(all, colours, ink)] } },
    data: [places(names), ...drawn],
  };
}

function line(colour: string, dash: readonly number[], paper: string): uPlot.Series {
  const alone: uPlot.Series.Points.Filter = (plot, index) => solitary(plot.data[index] as (number | null)[]);
  const points = { show: true, filter: alone, size: 6, fill: paper, stroke: colour };
  return { stroke: colour, width: 2, dash: [...dash], spanGaps: false, points };
}

/** Days between days on which nothing was spoken: no line goes through them. */
function solitary(values: readonly (number | null)[]): number[] {
  const known = (index: number): boolean => (values[index] ?? null) !== null;
  return values.map((_, index) => index).filter((index) => known(index) && !known(index - 1) && !known(index + 1));
}

function endLabels(all: readonly Line[], colours: readonly string[], ink: Ink): (plot: uPlot) => void {
  return (plot) => {
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    const ends = all.map((_, index) => {
      const last = (plot.data[index + 1] as (number | null)[]).findLast((value) => value !== null);
      return last === undefined || last === null ? null : plot.valToPos(last, "y", true);
    });
    const shown = all.map((_, index) => index).filter((index) => ends[index] !== null);
    const heights = spread(shown.map((index) => ends[index] ?? 0), {
      gap: (FONT_PX + 2) * ratio,
      low: bbox.top + 4 * ratio,
      high: bbox.top + bbox.height - 4 * ratio,
    });
    ctx.save();
    ctx.font = `600 ${FONT_PX * ratio}px ${ink.font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    shown.forEach((index, at) => {
      ctx.fillStyle = colours[index] ?? ink.text;
      ctx.fillText(all[index]?.label ?? "", bbox.left + bbox.width + 8 * ratio, heights[at] ?? 0);
    });
    ctx.restore();
  };
}

function places(names: readonly string[]): number[] {
  return names.map((_, index) => index);
}

function frame(
  ink: Ink,
  names: readonly string[],
  ticks: readonly number[],
  value: (amount: number) => string,
  { wide = false, right = 28 }: { wide?: boolean; right?: number } = {},
): Omit<Drawing["options"], "series"> {
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const font = `500 ${FONT_PX}px ${ink.font}`;
  return {
    padding: [10, right, 0, 4],
    scales: {
      x: { time: false, range: () => [-0.6, names.length - 0.4] },
      y: { range: () => [low, high], distr: wide ? 3 : 1 },
    },
    axes: [
      {
        font,
        stroke: ink.soft,
        grid: { show: false },
        ticks: { stroke: ink.line, width: 1, size: 4 },
        size: 30,
        splits: (plot) => everyNth(names.length, plot.bbox.width / uPlot.pxRatio, LABEL_PX),
        values: (_, splits) => splits.map((index) => names[index] ?? ""),
      },
      {
        font,
        stroke: ink.soft,
        grid: { stroke: ink.line, width: 1 },
        ticks: { show: false },
        size: widthOf(ticks.map(value)),
        gap: 6,
        splits: () => [...ticks],
        // Of a scale of factors it would leave some out.
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(value),
      },
    ],
  };
}

/** About what the longest label takes. */
function widthOf(labels: readonly string[]): number {
  return 14 + Math.max(...labels.map((label) => label.length), 1) * 6.5;
}
