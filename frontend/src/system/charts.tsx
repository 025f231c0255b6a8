import { t } from "../i18n";
import { count } from "../i18n/formats";
import { atHour, onDay, rounded, soundInWords, waited } from "./formatting";
import { Chart, type Shown } from "./chart";
import { bars, lines, stackedBars } from "./chart-options";
import { jobsOf, mostOf, stacked, sumOf, type Point } from "./time-series";
import { isWide } from "./chart-scale";
import type { Percentiles } from "./types";

interface Charted {
  points: readonly Point[];
  isDays: boolean;
}

export function JobsChart({ points, isDays }: Charted) {
  const said = t.value.farm;
  const names = namesOf(points, isDays);
  const kinds = [
    { name: said.completed, look: "good", key: "completed" },
    { name: said.failed, look: "hatched", key: "failed" },
    { name: said.cancelled, look: "dotted", key: "cancelled" },
  ] as const;
  const inAll = (key: (typeof kinds)[number]["key"]): number => sumOf(points, (point) => point[key]);
  const most = mostOf(points, jobsOf);
  return (
    <Chart
      title={isDays ? said.jobsByDay : said.jobsByHour}
      summary={
        most
          ? said.jobsSummary(
              said.jobsOf(sumOf(points, jobsOf), count(sumOf(points, jobsOf))),
              said.failedOf(inAll("failed"), count(inAll("failed"))),
              said.cancelledOf(inAll("cancelled"), count(inAll("cancelled"))),
              count(most.value),
              nameOf(most.at, isDays),
            )
          : said.noneYet
      }
      step={isDays ? said.day : said.hour}
      names={names}
      series={kinds.map(({ name, look, key }) => ({
        name,
        look,
        values: points.map((point) => count(point[key])),
        inAll: count(inAll(key)),
      }))}
      draw={(ink) => stackedBars(stacked(points), { ink, names, value: count })}
      of={points}
    />
  );
}

export function MinutesChart({ points, isDays }: Charted) {
  const said = t.value.farm;
  const names = namesOf(points, isDays);
  const inAll = sumOf(points, (point) => point.minutes);
  const most = mostOf(points, (point) => point.minutes);
  return (
    <Chart
      title={isDays ? said.minutesByDay : said.minutesByHour}
      summary={most ? said.minutesSummary(soundInWords(60 * inAll), soundInWords(60 * most.value), nameOf(most.at, isDays)) : said.noneYet}
      step={isDays ? said.day : said.hour}
      names={names}
      series={[{ name: said.minutes, look: "accent", values: points.map((point) => rounded(point.minutes)), inAll: rounded(inAll) }]}
      draw={(ink) => bars(points.map((point) => point.minutes), { ink, names, value: rounded })}
      of={points}
    />
  );
}

const SHARES = [
  { key: "p50", word: "half" },
  { key: "p90", word: "ninety" },
  { key: "p99", word: "ninetyNine" },
] as const;

export function WaitedChart({
  points,
  measure,
  whole,
}: {
  points: readonly Point[];
  measure: "wait" | "firstAudio";
  /** Of the whole range; percentiles of days do not add up to it. */
  whole: Percentiles | null;
}) {
  const said = t.value.farm;
  const names = namesOf(points, true);
  const worst = mostOf(points, (point) => point[measure]?.p99 ?? null);
  const known = (ms: number | undefined): string => (ms === undefined ? said.notKnown : waited(ms));
  const series: Shown[] = SHARES.map(({ key, word }, index) => ({
    name: said[word],
    look: index as 0 | 1 | 2,
    values: points.map((point) => known(point[measure]?.[key])),
    inAll: known(whole?.[key]),
  }));
  const values = points.flatMap((point) => SHARES.map(({ key }) => point[measure]?.[key] ?? 0));
  return (
    <Chart
      title={measure === "wait" ? said.waitByDay : said.firstAudioByDay}
      summary={
        whole && worst
          ? said.waitedSummary(waited(whole.p50), waited(whole.p90), waited(worst.value), nameOf(worst.at, true)) +
            (isWide(values) ? ` ${said.byFactors}` : "")
          : said.noneYet
      }
      step={said.day}
      names={names}
      series={series}
      draw={(ink) =>
        lines(
          SHARES.map(({ key, word }) => ({ label: said[word], values: points.map((point) => point[measure]?.[key] ?? null) })),
          { ink, names, value: waited },
        )
      }
      of={points}
    />
  );
}

function namesOf(points: readonly Point[], isDays: boolean): readonly string[] {
  return points.map((point) => nameOf(point.at, isDays));
}

function nameOf(at: string, isDays: boolean): string {
  return isDays ? onDay(at) : atHour(at);
}
