/** The statistics tab: jobs, audio, speed and waiting times of a range. */

import "./statistics.css";

import { useMemo } from "preact/hooks";
import { api, dataOf } from "../api/client";
import { language, t } from "../i18n";
import { modelName } from "../state/models";
import { replaceQuery, route } from "../state/route";
import { voiceName } from "../state/voices";
import { Choices } from "../ui/choices";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { JobsChart, MinutesChart, PercentilesChart } from "./charts";
import { OutdatedNotice } from "./outdated-notice";
import { usePolling } from "./polling";
import { Ranking } from "./ranking";
import { type Range, rangeHours, RANGES, toPoints, totalJobs } from "./time-series";
import { withTimeout } from "./timeout";
import { Totals } from "./totals";
import type { Analytics } from "./types";

const POLL_INTERVAL_MS = 60_000;

export function Statistics() {
  const texts = t.value.system;
  const range = rangeOf(route.value.query);
  const load = (signal: AbortSignal) => {
    const query = { hours: rangeHours(range, new Date()) };
    return withTimeout(30_000, signal, (limited) =>
      dataOf(api.GET("/analytics", { params: { query }, signal: limited })),
    );
  };
  const result = usePolling(load, { intervalMs: POLL_INTERVAL_MS, key: range });
  const data = result.value;
  return (
    <div class="stack system-sections">
      <Choices
        label={texts.range}
        value={range}
        options={RANGES.map((value) => ({ value, label: texts[`range${value}`] }))}
        onChange={(selected) => replaceQuery(new URLSearchParams({ tab: "statistics", range: selected }))}
      />
      <OutdatedNotice result={result} />
      {data ? (
        <StatisticsContent analytics={data} range={range} />
      ) : result.failure ? (
        <ErrorState failure={result.failure} onRetry={result.refresh} />
      ) : (
        <Skeleton lines={10} />
      )}
    </div>
  );
}

function rangeOf(query: URLSearchParams): Range {
  const requested = query.get("range");
  return RANGES.find((range) => range === requested) ?? "7";
}

function StatisticsContent({ analytics, range }: { analytics: Analytics; range: Range }) {
  const texts = t.value.system;
  const points = useMemo(() => toPoints(analytics, range), [analytics, range, language.value]);
  if (totalJobs(analytics.window) === 0) {
    return (
      <EmptyState icon="clock" title={texts.noJobsTitle}>
        <p>{texts.noJobs}</p>
      </EmptyState>
    );
  }
  const isDays = range !== "24";
  return (
    <>
      <Totals statistics={analytics.window} />
      <section class="stack" aria-labelledby="system-over-time">
        <div>
          <h2 id="system-over-time">{texts.overTime}</h2>
          <p class="soft small">{isDays ? texts.utcDays : texts.longerRange}</p>
        </div>
        <div class="charts">
          <JobsChart points={points} isDays={isDays} />
          <MinutesChart points={points} isDays={isDays} />
          {isDays ? (
            <PercentilesChart points={points} metric="wait" overall={analytics.window.wait_ms} />
          ) : null}
          {isDays ? (
            <PercentilesChart points={points} metric="firstAudio" overall={analytics.window.first_audio_ms} />
          ) : null}
        </div>
      </section>
      <Ranking title={texts.byVoice} rowTitle={texts.voice} rows={analytics.by_voice} nameOf={voiceName} />
      <Ranking title={texts.byModel} rowTitle={texts.model} rows={analytics.by_model} nameOf={modelName} />
    </>
  );
}
