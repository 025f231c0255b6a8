/** The list of failed and cancelled jobs, which can be retried or deleted. */

import { Failure } from "../api/client";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { type FailedJob, failedJobs, reasonOf } from "./failed-jobs";
import { JobName } from "./job-name";
import { retryJob } from "./jobs-in-progress";
import { removeRecordings } from "./removal";

/** More jobs than this are collapsed, so that the library stays in view. */
const COLLAPSED_JOBS = 3;

export function FailedJobList() {
  const texts = t.value.library;
  const [first, rest] = [failedJobs.value.slice(0, COLLAPSED_JOBS), failedJobs.value.slice(COLLAPSED_JOBS)];
  if (!first.length) return null;
  return (
    <section class="in-progress" aria-labelledby="failed-jobs">
      <h2 id="failed-jobs">{texts.failedOrCancelled}</h2>
      <List jobs={first} />
      {rest.length ? (
        <details>
          <summary class="soft small">{texts.andMore(rest.length)}</summary>
          <List jobs={rest} />
        </details>
      ) : null}
    </section>
  );
}

function List({ jobs }: { jobs: readonly FailedJob[] }) {
  return (
    <ul>
      {jobs.map((job) => (
        <JobItem key={job.jobId} job={job} />
      ))}
    </ul>
  );
}

function JobItem({ job }: { job: FailedJob }) {
  const texts = t.value.library;
  const hasFailed = job.status === "failed";
  return (
    <li class={job.status}>
      <Icon name={hasFailed ? "warn" : "stop"} />
      <JobName {...job} />
      {hasFailed ? (
        <span class="in-progress-error small" dir="auto">
          {reasonOf(job) || texts.failed}
        </span>
      ) : (
        <span class="badge">{texts.cancelled}</span>
      )}
      <div class="in-progress-actions">
        <Button compact icon="retry" onPress={() => void retry(job.jobId)}>
          {t.value.shell.retry}
          <span class="visually-hidden"> {job.title}</span>
        </Button>
        <Button compact kind="quiet" icon="trash" onPress={() => removeRecordings([job.jobId])}>
          {texts.remove}
          <span class="visually-hidden"> {job.title}</span>
        </Button>
      </div>
    </li>
  );
}

async function retry(jobId: string): Promise<void> {
  try {
    await retryJob(jobId);
    showNotice(t.value.library.queuedAgain);
  } catch (cause) {
    showNotice(cause instanceof Failure ? explain(cause) : String(cause), { kind: "bad" });
  }
}
