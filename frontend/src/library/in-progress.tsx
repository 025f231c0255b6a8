/** Jobs that have no recording yet, shown above the library: queued, running, failed and cancelled. */

import { t } from "../i18n";
import { percent, span } from "../i18n/formats";
import { Icon } from "../ui/icon";
import "./in-progress.css";
import { FailedJobList } from "./failed-job-list";
import { JobName } from "./job-name";
import { hasMoreJobs, type JobInProgress, jobsInProgress, useJobsInProgress } from "./jobs-in-progress";

export function InProgress() {
  useJobsInProgress();
  const texts = t.value.library;
  return (
    <>
      {jobsInProgress.value.length ? (
        <section class="in-progress" aria-labelledby="in-progress">
          <h2 id="in-progress">{texts.inProgress}</h2>
          <ul>
            {jobsInProgress.value.map((job) => (
              <JobItem key={job.jobId} job={job} />
            ))}
          </ul>
          {hasMoreJobs.value ? <p class="soft small">{texts.others}</p> : null}
        </section>
      ) : null}
      <FailedJobList />
    </>
  );
}

function JobItem({ job }: { job: JobInProgress }) {
  const texts = t.value.library;
  const isRunning = job.status === "running";
  const left = job.etaS === null ? "" : ` · ${texts.left(span(job.etaS))}`;
  return (
    <li>
      <Icon name={isRunning ? "listen" : "clock"} />
      <JobName {...job} />
      {isRunning ? (
        <div class="in-progress-status num">
          <progress
            class="bar"
            max="100"
            value={job.percent}
            aria-label={texts.percentDone(percent(job.percent))}
          />
          <span class="soft small">
            {texts.percentDone(percent(job.percent))}
            {left}
          </span>
        </div>
      ) : (
        <span class="badge">{texts.queued}</span>
      )}
    </li>
  );
}
