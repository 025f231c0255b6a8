/** The status of a job, its progress and its warnings. */

import type { Job } from "../api/client";
import { count, percent, span } from "../i18n/formats";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import type { JobWatcher } from "./job-watcher";

/** For a job without a recording: its progress, or why there is none. */
export function JobStatus({ job, watcher }: { job: Job; watcher: JobWatcher }) {
  const messages = t.value.listen;
  const { progress, status, error } = job;
  if (status === "failed") {
    return (
      <div class="note bad" role="alert">
        <Icon name="warn" />
        <p>
          <strong>{messages.failed}</strong>
          <br />
          <span dir="auto">{error ? t.value.service.error(error.code) || error.message : null}</span>
        </p>
      </div>
    );
  }
  if (status === "cancelled") {
    return (
      <p class="note" role="status">
        {messages.cancelled}
      </p>
    );
  }
  const total = progress.segments_total;
  return (
    <section class="card stack job-status" aria-label={messages.statuses(status)}>
      <div class="row spread">
        <strong role="status">{messages.statuses(status)}</strong>
        <span class="num soft">{timeText(job)}</span>
      </div>
      <progress
        class="bar"
        max="100"
        value={status === "queued" ? 0 : progress.percent}
        aria-label={messages.statuses(status)}
      />
      <div class="row spread small soft num">
        <span>
          {total
            ? messages.segments(count(progress.segments_done), count(total))
            : status === "running"
              ? messages.starting
              : ""}
        </span>
        <span>{total ? percent(progress.percent) : ""}</span>
      </div>
      <LatestSegment watcher={watcher} />
    </section>
  );
}

/** The remaining time and, for a queued job, its position in the queue. Empty when unknown. */
function timeText(job: Job): string {
  const { status, queue_position: position } = job;
  const etaS = job.progress.eta_s;
  const messages = t.value.listen;
  if (status === "running") return etaS === null ? "" : messages.timeLeft(span(etaS));
  if (position === null) return "";
  if (job.queue_position_is_at_least) return messages.queuePosition(t.value.system.atLeast(count(position)));
  if (etaS === null) return messages.noWorker;
  const place = position === 1 ? messages.nextInQueue : messages.queuePosition(count(position));
  return `${place} · ${messages.readyIn(span(etaS))}`;
}

/** The text of the latest segment, in one line. */
function LatestSegment({ watcher }: { watcher: JobWatcher }) {
  const segment = watcher.segments.value.at(-1);
  if (!segment) return null;
  return (
    <p class="latest clip" dir="auto">
      {watcher.text.value?.slice(segment.start, segment.end)}
    </p>
  );
}

/** Differences from the request, such as a beep in place of speech. */
export function Warnings({ watcher }: { watcher: JobWatcher }) {
  const jobWarnings = (watcher.job.value?.warnings ?? []).map(t.value.service.warning);
  // The job, which has the warnings, is deleted before its recording.
  const isBeep = watcher.recording.value?.provider === "stub";
  const warnings = jobWarnings.length || !isBeep ? jobWarnings : [t.value.listen.beep];
  if (!warnings.length) return null;
  return (
    <ul class="note warnings" aria-label={t.value.listen.warnings}>
      {warnings.map((warning) => (
        <li key={warning} class="row">
          <Icon name="warn" />
          <span dir="auto">{warning}</span>
        </li>
      ))}
    </ul>
  );
}
