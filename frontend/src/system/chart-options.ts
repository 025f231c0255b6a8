/** Builds uPlot options: bars by hour or day, and lines of percentiles. */

import uPlot from "uplot";
import type { ChartSpec } from "./chart-canvas";
import { type ChartColors, patternFill } from "./chart-colors";
import { labelIndices, linearTicks, needsLogScale, spreadLabels, timeTicks } from "./chart-scale";

const FONT_PX = 12;
/** The space of a label of the x axis, with its margin. */
const LABEL_PX = 64;

interface AxisOptions {
  colors: ChartColors;
  /** The labels of the points, along the x axis. */
  labels: readonly string[];
}

/** Bars of one series. */
export function barChart(
  heights: readonly number[],
  { colors, labels, formatValue }: AxisOptions & { formatValue: (amount: number) => string },
): ChartSpec {
  const ticks = linearTicks(Math.max(0, ...heights));
  const options = {
    ...baseOptions(colors, labels, ticks, formatValue),
    series: [{}, barSeries(colors.accent, colors.accent)],
  };
  return { options, data: [indices(labels), [...heights]] };
}

/** Stacked bars of three series, the highest first: dotted, hatched, solid. */
export function stackedBarChart(
  [all, ended, completed]: readonly [number[], number[], number[]],
  { colors, labels, formatValue }: AxisOptions & { formatValue: (amount: number) => string },
): ChartSpec {
  const ticks = linearTicks(Math.max(0, ...all), { integers: true });
  const series = [
    {},
    barSeries(patternFill("dotted", colors.soft, colors.surface), colors.soft),
    barSeries(patternFill("hatched", colors.bad, colors.surface), colors.bad),
    barSeries(colors.good, colors.good),
  ];
  return {
    options: { ...baseOptions(colors, labels, ticks, formatValue), series },
    data: [indices(labels), all, ended, completed],
  };
}

function barSeries(fill: CanvasPattern | string, stroke: string): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.7, 44], radius: 0.12 });
  return { fill: () => fill, stroke, width: 1, points: { show: false }, ...(paths ? { paths } : {}) };
}

/** Dash patterns distinguish the lines without colours. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3]];

export interface LineData {
  label: string;
  values: readonly (number | null)[];
}

/** Lines of durations in milliseconds, the shortest first. Each has its label at its end. */
export function lineChart(
  lines: readonly LineData[],
  { colors, labels, formatValue }: AxisOptions & { formatValue: (ms: number) => string },
): ChartSpec {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const isLog = needsLogScale(values);
  const positive = values.filter((value) => value > 0);
  const ticks = isLog
    ? timeTicks(Math.min(...positive), Math.max(...positive))
    : linearTicks(Math.max(0, ...values));
  const lineColors = [colors.good, colors.accent, colors.bad];
  const min = ticks[0] ?? 0;
  const base = baseOptions(colors, labels, ticks, formatValue, { isLog, right: 76 });
  const series = lines.map((_, index) =>
    lineSeries(lineColors[index] ?? colors.text, DASHES[index] ?? [], colors.surface),
  );
  const drawn = lines.map((line) => line.values.map((ms) => (ms !== null && isLog ? Math.max(min, ms) : ms)));
  return {
    options: {
      ...base,
      series: [{}, ...series],
      hooks: { draw: [drawEndLabels(lines, lineColors, colors)] },
    },
    data: [indices(labels), ...drawn],
  };
}

function lineSeries(color: string, dash: readonly number[], background: string): uPlot.Series {
  const isolatedFilter: uPlot.Series.Points.Filter = (plot, index) =>
    isolatedPoints(plot.data[index] as (number | null)[]);
  const points = { show: true, filter: isolatedFilter, size: 6, fill: background, stroke: color };
  return { stroke: color, width: 2, dash: [...dash], spanGaps: false, points };
}

/** Returns the points without neighbours, which no line connects: they are drawn as dots. */
function isolatedPoints(values: readonly (number | null)[]): number[] {
  const hasValue = (index: number): boolean => (values[index] ?? null) !== null;
  return values
    .map((_, index) => index)
    .filter((index) => hasValue(index) && !hasValue(index - 1) && !hasValue(index + 1));
}

function drawEndLabels(
  lines: readonly LineData[],
  lineColors: readonly string[],
  colors: ChartColors,
): (plot: uPlot) => void {
  return (plot) => {
    const { ctx, bbox } = plot;
    const ratio = uPlot.pxRatio;
    const ends = lines.map((_, index) => {
      const last = (plot.data[index + 1] as (number | null)[]).findLast((value) => value !== null);
      return last === undefined || last === null ? null : plot.valToPos(last, "y", true);
    });
    const shown = lines.map((_, index) => index).filter((index) => ends[index] !== null);
    const positions = spreadLabels(
      shown.map((index) => ends[index] ?? 0),
      {
        gap: (FONT_PX + 2) * ratio,
        low: bbox.top + 4 * ratio,
        high: bbox.top + bbox.height - 4 * ratio,
      },
    );
    ctx.save();
    ctx.font = `600 ${FONT_PX * ratio}px ${colors.font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    shown.forEach((index, at) => {
      ctx.fillStyle = lineColors[index] ?? colors.text;
      ctx.fillText(lines[index]?.label ?? "", bbox.left + bbox.width + 8 * ratio, positions[at] ?? 0);
    });
    ctx.restore();
  };
}

function indices(labels: readonly string[]): number[] {
  return labels.map((_, index) => index);
}

function baseOptions(
  colors: ChartColors,
  labels: readonly string[],
  ticks: readonly number[],
  formatValue: (amount: number) => string,
  { isLog = false, right = 28 }: { isLog?: boolean; right?: number } = {},
): Omit<ChartSpec["options"], "series"> {
  const [min, max] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const font = `500 ${FONT_PX}px ${colors.font}`;
  return {
    padding: [10, right, 0, 4],
    scales: {
      x: { time: false, range: () => [-0.6, labels.length - 0.4] },
      y: { range: () => [min, max], distr: isLog ? 3 : 1 },
    },
    axes: [
      {
        font,
        stroke: colors.soft,
        grid: { show: false },
        ticks: { stroke: colors.line, width: 1, size: 4 },
        size: 30,
        splits: (plot) => labelIndices(labels.length, plot.bbox.width / uPlot.pxRatio, LABEL_PX),
        values: (_, splits) => splits.map((index) => labels[index] ?? ""),
      },
      {
        font,
        stroke: colors.soft,
        grid: { stroke: colors.line, width: 1 },
        ticks: { show: false },
        size: axisWidthPx(ticks.map(formatValue)),
        gap: 6,
        splits: () => [...ticks],
        // By default uPlot drops ticks of a logarithmic scale.
        filter: (_, splits) => splits,
        values: (_, splits) => splits.map(formatValue),
      },
    ],
  };
}

/** Estimates the width of the longest label. */
function axisWidthPx(labels: readonly string[]): number {
  return 14 + Math.max(...labels.map((label) => label.length), 1) * 6.5;
}
