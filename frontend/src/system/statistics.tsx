/** How much was spoken, how fast, and how long people waited. */

import "./statistics.css";

import { useMemo } from "preact/hooks";
import { answer, api } from "../api/client";
import { language, t } from "../i18n";
import { modelName } from "../state/models";
import { replaceQuery, route } from "../state/route";
import { voiceName } from "../state/voices";
import { Choices } from "../ui/choices";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { JobsChart, MinutesChart, WaitedChart } from "./charts";
import { within } from "./timeout";
import { hoursOf, jobsOf, pointsOf, RANGES, type Range } from "./time-series";
import { Ranking } from "./ranking";
import { useReading } from "./polling";
import { Stale } from "./outdated-notice";
import { Totals } from "./totals";
import type { Analytics } from "./types";

const EVERY_MS = 60_000;

export function Statistics() {
  const said = t.value.farm;
  const range = rangeOf(route.value.query);
  const ask = (signal: AbortSignal) => {
    const query = { hours: hoursOf(range, new Date()) };
    return within(30_000, signal, (limited) => answer(api.GET("/analytics", { params: { query }, signal: limited })));
  };
  const reading = useReading(ask, { everyMs: EVERY_MS, key: range });
  const now = reading.value;
  return (
    <div class="stack farm-sections">
      <Choices
        label={said.range}
        value={range}
        options={RANGES.map((value) => ({ value, label: said[`range${value}`] }))}
        onChange={(chosen) => replaceQuery(new URLSearchParams({ tab: "statistics", range: chosen }))}
      />
      <Stale reading={reading} />
      {now ? (
        <All analytics={now} range={range} />
      ) : reading.failure ? (
        <Trouble failure={reading.failure} onRetry={reading.refresh} />
      ) : (
        <Skeleton lines={10} />
      )}
    </div>
  );
}

function rangeOf(query: URLSearchParams): Range {
  const asked = query.get("range");
  return RANGES.find((range) => range === asked) ?? "7";
}

function All({ analytics, range }: { analytics: Analytics; range: Range }) {
  const said = t.value.farm;
  const points = useMemo(() => pointsOf(analytics, range), [analytics, range, language.value]);
  if (jobsOf(analytics.window) === 0) {
    return (
      <Empty icon="clock" title={said.noFiguresTitle}>
        <p>{said.noFigures}</p>
      </Empty>
    );
  }
  const isDays = range !== "24";
  return (
    <>
      <Totals figures={analytics.window} />
      <section class="stack" aria-labelledby="farm-over-time">
        <div>
          <h2 id="farm-over-time">{said.overTime}</h2>
          <p class="soft small">{isDays ? said.utcDays : said.longerRange}</p>
        </div>
        <div class="charts">
          <JobsChart points={points} isDays={isDays} />
          <MinutesChart points={points} isDays={isDays} />
          {isDays ? <WaitedChart points={points} measure="wait" whole={analytics.window.wait_ms} /> : null}
          {isDays ? <WaitedChart points={points} measure="firstAudio" whole={analytics.window.first_audio_ms} /> : null}
        </div>
      </section>
      <Ranking title={said.byVoice} what={said.voice} rows={analytics.by_voice} nameOf={voiceName} />
      <Ranking title={said.byModel} what={said.model} rows={analytics.by_model} nameOf={modelName} />
    </>
  );
}
