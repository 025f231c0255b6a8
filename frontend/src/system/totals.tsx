import { t } from "../i18n";
import { count } from "../i18n/formats";
import { audioAmount, formatMs, formatNumber, formatShare } from "./formatting";
import { Summary } from "./summary";
import { failureRate, totalJobs } from "./time-series";
import type { Percentiles, WindowStatistics } from "./types";

/** The totals of the selected range. */
export function Totals({ statistics }: { statistics: WindowStatistics }) {
  const texts = t.value.system;
  const rate = failureRate(statistics);
  const audio = audioAmount(statistics.audio_s);
  const speed = statistics.speed_over_real_time;
  return (
    <div class="totals">
      <Summary
        items={[
          {
            name: texts.jobs,
            value: count(totalJobs(statistics)),
            note: texts.jobsNote(statistics.completed, count(statistics.completed)),
          },
          { name: texts.audio, value: audio.value, note: audio.unit },
          {
            name: texts.speed,
            value: speed === null ? texts.notKnown : texts.times(formatNumber(speed)),
            note: texts.speedNote,
          },
          {
            name: texts.failures,
            value: rate === null ? texts.notKnown : formatShare(rate),
            note: texts.failuresNote(count(statistics.failed)),
          },
        ]}
      />
      <PercentilesCard title={texts.wait} note={texts.waitNote} percentiles={statistics.wait_ms} />
      <PercentilesCard
        title={texts.firstAudio}
        note={texts.firstAudioNote}
        percentiles={statistics.first_audio_ms}
      />
    </div>
  );
}

function PercentilesCard({
  title,
  note,
  percentiles,
}: {
  title: string;
  note: string;
  percentiles: Percentiles | null;
}) {
  const texts = t.value.system;
  const formatOrDash = (ms: number | undefined): string => (ms === undefined ? texts.notKnown : formatMs(ms));
  return (
    <section class="card percentiles">
      <h2>{title}</h2>
      <p class="soft small">
        {note}
        {percentiles ? ` · ${texts.jobsOf(percentiles.count, count(percentiles.count))}` : ""}
      </p>
      <dl>
        {(["p50", "p90", "p99"] as const).map((key) => (
          <div key={key}>
            <dt>{texts[key]}</dt>
            <dd class="num">{formatOrDash(percentiles?.[key])}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
