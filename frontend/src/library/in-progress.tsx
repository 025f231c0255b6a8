/** What is being spoken now: not in the library yet, and therefore told above it. */

import { Failure } from "../api/client";
import { t } from "../i18n";
import { percent, span } from "../i18n/formats";
import { tell } from "../state/notices";
import { link } from "../state/route";
import { voiceName } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import "./in-progress.css";
import { dismissFailure, failedLately, othersToo, speakAgain, underWay, useUnderWay, type UnderWay } from "./under-way";

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
      {failedLately.value.length ? (
        <section class="under-way failed" aria-labelledby="failed-lately">
          <h2 id="failed-lately">{said.failed}</h2>
          <ul>
            {failedLately.value.map((job) => (
              <Failed key={job.jobId} job={job} />
            ))}
          </ul>
        </section>
      ) : null}
    </>
  );
}

function Name({ job }: { job: UnderWay }) {
  return (
    <div class="under-way-name">
      <a class="clip" href={link("listen", job.jobId)} dir="auto">
        {job.title}
      </a>
      <span class="soft small clip">
        <bdi>{voiceName(job.voiceId)}</bdi>
      </span>
    </div>
  );
}

function Going({ job }: { job: UnderWay }) {
  const said = t.value.library;
  const running = job.status === "running";
  const left = job.etaS === null ? "" : ` · ${said.left(span(job.etaS))}`;
  return (
    <li>
      <Icon name={running ? "listen" : "clock"} />
      <Name job={job} />
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

function Failed({ job }: { job: UnderWay }) {
  const again = async (): Promise<void> => {
    try {
      await speakAgain(job.jobId);
      tell(t.value.library.sentAgain);
    } catch (cause) {
      tell(cause instanceof Failure ? explain(cause) : String(cause), { kind: "bad" });
    }
  };
  return (
    <li>
      <Icon name="warn" />
      <Name job={job} />
      <span class="under-way-why small clip" title={job.error} dir="auto">
        {job.error}
      </span>
      <div class="under-way-acts">
        <Button compact icon="retry" onPress={() => void again()}>
          {t.value.shell.retry}
        </Button>
        <IconButton
          compact
          kind="quiet"
          icon="close"
          label={t.value.shell.dismiss}
          onPress={() => dismissFailure(job.jobId)}
        />
      </div>
    </li>
  );
}
