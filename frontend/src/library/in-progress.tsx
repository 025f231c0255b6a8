/** What is being spoken now, and what was to be: not in the library, and therefore told above it. */

import { t } from "../i18n";
import { percent, span } from "../i18n/formats";
import { Icon } from "../ui/icon";
import "./in-progress.css";
import { JobName } from "./job-name";
import { NotSpoken } from "./failed-job-list";
import { othersToo, underWay, useUnderWay, type UnderWay } from "./jobs-in-progress";

export function InProgress() {
  useUnderWay();
  const said = t.value.library;
  return (
    <>
      {underWay.value.length ? (
        <section class="under-way" aria-labelledby="under-way">
          <h2 id="under-way">{said.beingSpoken}</h2>
          <ul>
            {underWay.value.map((job) => (
              <Going key={job.jobId} job={job} />
            ))}
          </ul>
          {othersToo.value ? <p class="soft small">{said.others}</p> : null}
        </section>
      ) : null}
      <NotSpoken />
    </>
  );
}

function Going({ job }: { job: UnderWay }) {
  const said = t.value.library;
  const running = job.status === "running";
  const left = job.etaS === null ? "" : ` · ${said.left(span(job.etaS))}`;
  return (
    <li>
      <Icon name={running ? "listen" : "clock"} />
      <JobName {...job} />
      {running ? (
        <div class="under-way-standing num">
          <progress class="bar" max="100" value={job.percent} aria-label={said.soFar(percent(job.percent))} />
          <span class="soft small">
            {said.soFar(percent(job.percent))}
            {left}
          </span>
        </div>
      ) : (
        <span class="badge">{said.waits}</span>
      )}
    </li>
  );
}
