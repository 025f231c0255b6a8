import { t } from "../i18n";
import { count } from "../i18n/formats";
import { percentage, rounded, soundAmount, waited } from "./formatting";
import { Glance } from "./summary";
import { failureShare, jobsOf } from "./time-series";
import type { Percentiles, WaitedFigures } from "./types";

/** All of a range in a few numbers. */
export function Totals({ figures }: { figures: WaitedFigures }) {
  const said = t.value.farm;
  const share = failureShare(figures);
  const audio = soundAmount(figures.audio_s);
  const speed = figures.speed_over_real_time;
  return (
    <div class="totals">
      <Glance
        figures={[
          { name: said.jobs, value: count(jobsOf(figures)), note: said.jobsNote(figures.completed, count(figures.completed)) },
          { name: said.audio, value: audio.value, note: audio.unit },
          { name: said.speed, value: speed === null ? said.notKnown : said.times(rounded(speed)), note: said.speedNote },
          {
            name: said.failures,
            value: share === null ? said.notKnown : percentage(share),
            note: said.failuresNote(count(figures.failed)),
          },
        ]}
      />
      <Waited title={said.wait} note={said.waitNote} percentiles={figures.wait_ms} />
      <Waited title={said.firstAudio} note={said.firstAudioNote} percentiles={figures.first_audio_ms} />
    </div>
  );
}

function Waited({ title, note, percentiles }: { title: string; note: string; percentiles: Percentiles | null }) {
  const said = t.value.farm;
  const time = (ms: number | undefined): string => (ms === undefined ? said.notKnown : waited(ms));
  return (
    <section class="card waited">
      <h2>{title}</h2>
      <p class="soft small">
        {note}
        {percentiles ? ` · ${said.ofJobs(percentiles.count, count(percentiles.count))}` : ""}
      </p>
      <dl>
        {([["half", "p50"], ["ninety", "p90"], ["ninetyNine", "p99"]] as const).map(([word, key]) => (
          <div key={key}>
            <dt>{said[word]}</dt>
            <dd class="num">{time(percentiles?.[key])}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
