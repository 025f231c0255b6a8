import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Chart, type ChartSeries } from "./chart";
import { barChart, lineChart, stackedBarChart } from "./chart-options";
import { needsLogScale } from "./chart-scale";
import { formatAudio, formatDay, formatHour, formatMs, formatNumber } from "./formatting";
import { findPeak, type Point, stackedHeights, sumOf, totalJobs } from "./time-series";
import type { Percentiles } from "./types";

interface ChartProps {
  points: readonly Point[];
  isDays: boolean;
}

export function JobsChart({ points, isDays }: ChartProps) {
  const texts = t.value.system;
  const labels = pointLabels(points, isDays);
  const statuses = [
    { name: texts.completed, swatch: "good", key: "completed" },
    { name: texts.failed, swatch: "hatched", key: "failed" },
    { name: texts.cancelled, swatch: "dotted", key: "cancelled" },
  ] as const;
  const total = (key: (typeof statuses)[number]["key"]): number => sumOf(points, (point) => point[key]);
  const peak = findPeak(points, totalJobs);
  return (
    <Chart
      title={isDays ? texts.jobsByDay : texts.jobsByHour}
      summary={
        peak
          ? texts.jobsSummary(
              texts.jobsOf(sumOf(points, totalJobs), count(sumOf(points, totalJobs))),
              texts.failedOf(total("failed"), count(total("failed"))),
              texts.cancelledOf(total("cancelled"), count(total("cancelled"))),
              count(peak.value),
              pointLabel(peak.at, isDays),
            )
          : texts.noData
      }
      stepName={isDays ? texts.day : texts.hour}
      labels={labels}
      series={statuses.map(({ name, swatch, key }) => ({
        name,
        swatch,
        values: points.map((point) => count(point[key])),
        total: count(total(key)),
      }))}
      draw={(colors) => stackedBarChart(stackedHeights(points), { colors, labels, formatValue: count })}
      redrawKey={points}
    />
  );
}

export function MinutesChart({ points, isDays }: ChartProps) {
  const texts = t.value.system;
  const labels = pointLabels(points, isDays);
  const total = sumOf(points, (point) => point.minutes);
  const peak = findPeak(points, (point) => point.minutes);
  return (
    <Chart
      title={isDays ? texts.minutesByDay : texts.minutesByHour}
      summary={
        peak
          ? texts.minutesSummary(
              formatAudio(60 * total),
              formatAudio(60 * peak.value),
              pointLabel(peak.at, isDays),
            )
          : texts.noData
      }
      stepName={isDays ? texts.day : texts.hour}
      labels={labels}
      series={[
        {
          name: texts.minutes,
          swatch: "accent",
          values: points.map((point) => formatNumber(point.minutes)),
          total: formatNumber(total),
        },
      ]}
      draw={(colors) =>
        barChart(
          points.map((point) => point.minutes),
          { colors, labels, formatValue: formatNumber },
        )
      }
      redrawKey={points}
    />
  );
}

const PERCENTILES = ["p50", "p90", "p99"] as const;

export function PercentilesChart({
  points,
  metric,
  overall,
}: {
  points: readonly Point[];
  metric: "wait" | "firstAudio";
  /** Percentiles of the whole range, which cannot be computed from those of its days. */
  overall: Percentiles | null;
}) {
  const texts = t.value.system;
  const labels = pointLabels(points, true);
  const worst = findPeak(points, (point) => point[metric]?.p99 ?? null);
  const formatOrDash = (ms: number | undefined): string => (ms === undefined ? texts.notKnown : formatMs(ms));
  const series: ChartSeries[] = PERCENTILES.map((key, index) => ({
    name: texts[key],
    swatch: index as 0 | 1 | 2,
    values: points.map((point) => formatOrDash(point[metric]?.[key])),
    total: formatOrDash(overall?.[key]),
  }));
  const values = points.flatMap((point) => PERCENTILES.map((key) => point[metric]?.[key] ?? 0));
  return (
    <Chart
      title={metric === "wait" ? texts.waitByDay : texts.firstAudioByDay}
      summary={
        overall && worst
          ? texts.percentilesSummary(
              formatMs(overall.p50),
              formatMs(overall.p90),
              formatMs(worst.value),
              pointLabel(worst.at, true),
            ) + (needsLogScale(values) ? ` ${texts.logarithmicScale}` : "")
          : texts.noData
      }
      stepName={texts.day}
      labels={labels}
      series={series}
      draw={(colors) =>
        lineChart(
          PERCENTILES.map((key) => ({
            label: texts[key],
            values: points.map((point) => point[metric]?.[key] ?? null),
          })),
          { colors, labels, formatValue: formatMs },
        )
      }
      redrawKey={points}
    />
  );
}

function pointLabels(points: readonly Point[], isDays: boolean): readonly string[] {
  return points.map((point) => pointLabel(point.at, isDays));
}

function pointLabel(at: string, isDays: boolean): string {
  return isDays ? formatDay(at) : formatHour(at);
}
