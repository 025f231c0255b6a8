/** What failed or was cancelled, to be tried again or removed. */

import { Failure } from "../api/client";
import { t } from "../i18n";
import { tell } from "../state/notices";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { JobName } from "./job-name";
import { removeRecordings } from "./removal";
import { speakAgain } from "./jobs-in-progress";
import { unspoken, type Unspoken } from "./failed-jobs";

/** As many as leave the library in sight. */
const FEW = 3;

export function NotSpoken() {
  const said = t.value.library;
  const [first, rest] = [unspoken.value.slice(0, FEW), unspoken.value.slice(FEW)];
  if (!first.length) return null;
  return (
    <section class="under-way" aria-labelledby="not-spoken">
      <h2 id="not-spoken">{said.notSpoken}</h2>
      <List jobs={first} />
      {rest.length ? (
        <details>
          <summary class="soft small">{said.andMore(rest.length)}</summary>
          <List jobs={rest} />
        </details>
      ) : null}
    </section>
  );
}

function List({ jobs }: { jobs: readonly Unspoken[] }) {
  return (
    <ul>
      {jobs.map((job) => (
        <Line key={job.jobId} job={job} />
      ))}
    </ul>
  );
}

function Line({ job }: { job: Unspoken }) {
  const said = t.value.library;
  const failed = job.status === "failed";
  return (
    <li class={job.status}>
      <Icon name={failed ? "warn" : "stop"} />
      <JobName {...job} />
      {failed ? (
        <span class="under-way-why small clip" title={job.error} dir="auto">
          {job.error || said.failed}
        </span>
      ) : (
        <span class="badge">{said.cancelled}</span>
      )}
      <div class="under-way-acts">
        <Button compact icon="retry" onPress={() => void again(job.jobId)}>
          {t.value.shell.retry}
          <span class="aside"> {job.title}</span>
        </Button>
        <Button compact kind="quiet" icon="trash" onPress={() => removeRecordings([job.jobId])}>
          {said.remove}
          <span class="aside"> {job.title}</span>
        </Button>
      </div>
    </li>
  );
}

async function again(jobId: string): Promise<void> {
  try {
    await speakAgain(jobId);
    tell(t.value.library.sentAgain);
  } catch (cause) {
    tell(cause instanceof Failure ? explain(cause) : String(cause), { kind: "bad" });
  }
}
