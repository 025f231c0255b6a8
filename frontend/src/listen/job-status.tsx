/** How far a job is, and what is not as it was asked for. */

import type { Job } from "../api/client";
import { count, percent, span } from "../i18n/formats";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import type { Watch } from "./job-watcher";

/** How far it is, for who waits. */
export function Standing({ job, watch }: { job: Job; watch: Watch }) {
  const said = t.value.listen;
  const { progress, status, error } = job;
  if (status === "failed") {
    return (
      <div class="note bad" role="alert">
        <Icon name="warn" />
        <p>
          <strong>{said.failed}</strong>
          <br />
          <span dir="auto">{error ? t.value.service.error(error.code) || error.message : null}</span>
        </p>
      </div>
    );
  }
  if (status === "cancelled") {
    return (
      <p class="note" role="status">
        {said.cancelled}
      </p>
    );
  }
  const total = progress.segments_total;
  return (
    <section class="card stack standing" aria-label={said.statuses(status)}>
      <div class="row spread">
        <strong role="status">{said.statuses(status)}</strong>
        <span class="num soft">{ahead(job)}</span>
      </div>
      <progress class="bar" max="100" value={status === "queued" ? 0 : progress.percent} aria-label={said.statuses(status)} />
      <div class="row spread small soft num">
        <span>{total ? said.segments(count(progress.segments_done), count(total)) : status === "running" ? said.starting : ""}</span>
        <span>{total ? percent(progress.percent) : ""}</span>
      </div>
      <Latest watch={watch} />
    </section>
  );
}

/** Where it stands in the queue and how long it takes, as far as anybody can tell. */
function ahead({ status, queue_position: place, progress: { eta_s: eta } }: Job): string {
  const said = t.value.listen;
  if (status === "running") return eta === null ? "" : said.timeLeft(span(eta));
  if (place === null) return "";
  if (eta === null) return said.noWorker;
  return `${place === 1 ? said.nextInQueue : said.queuePosition(count(place))} · ${said.readyIn(span(eta))}`;
}

/** The passage that was spoken last, in one line. */
function Latest({ watch }: { watch: Watch }) {
  const cue = watch.cues.value.at(-1);
  if (!cue) return null;
  return (
    <p class="latest clip" dir="auto">
      {watch.text.value?.slice(cue.start, cue.end)}
    </p>
  );
}

/** What is not as it was asked for: it must not look like a success. */
export function Warnings({ watch }: { watch: Watch }) {
  const told = (watch.job.value?.warnings ?? []).map(t.value.service.warning);
  const isBeep = watch.recording.value?.provider === "stub";
  const all = told.length || !isBeep ? told : [t.value.listen.beep];
  if (!all.length) return null;
  return (
    <ul class="note warnings" aria-label={t.value.listen.warnings}>
      {all.map((one) => (
        <li key={one} class="row">
          <Icon name="warn" />
          <span dir="auto">{one}</span>
        </li>
      ))}
    </ul>
  );
}
