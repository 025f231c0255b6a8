import { t } from "../i18n";
import { count, span } from "../i18n/formats";
import { modelName } from "../state/models";
import { Icon } from "../ui/icon";
import { ageS } from "./formatting";
import { barFraction, loadOf, sortQueues } from "./queue-load";
import type { Queue } from "./types";

/** The queues: model, lane, load, age of the oldest job, number of workers. */
export function QueueTable({ queues }: { queues: readonly Queue[] }) {
  const texts = t.value.system;
  const maxLoad = Math.max(1, ...queues.map(loadOf));
  return (
    <section class="stack" aria-labelledby="system-queues">
      <div>
        <h2 id="system-queues">{texts.queues}</h2>
        <p class="soft small">{queues.length ? texts.queuesNote : texts.noQueues}</p>
      </div>
      {queues.length ? (
        <div class="scroller" role="region" aria-label={texts.scrolls(texts.queues)} tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{texts.queue}</th>
                <th scope="col">{texts.lane}</th>
                <th scope="col" class="wide">
                  {texts.queueLoad}
                </th>
                <th scope="col" class="end">
                  {texts.queued}
                </th>
                <th scope="col" class="end">
                  {texts.running}
                </th>
                <th scope="col" class="end">
                  {texts.oldest}
                </th>
                <th scope="col" class="end">
                  {texts.servedBy}
                </th>
              </tr>
            </thead>
            <tbody>
              {sortQueues(queues).map((queue) => (
                <QueueRow key={queue.queue} queue={queue} maxLoad={maxLoad} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function QueueRow({ queue, maxLoad }: { queue: Queue; maxLoad: number }) {
  const texts = t.value.system;
  const age = ageS(queue.oldest_at, Date.now());
  const queued = queue.queued_is_at_least ? texts.atLeast(count(queue.queued)) : count(queue.queued);
  const isIdle = loadOf(queue) === 0;
  return (
    <tr class={isIdle ? "idle" : ""}>
      <th scope="row">
        <bdi>{modelName(queue.queue.replace(/\.[^.]*$/, ""))}</bdi>
      </th>
      <td>{laneName(queue.lane)}</td>
      <td class="wide">
        <LoadBar queue={queue} maxLoad={maxLoad} />
      </td>
      <td class="end num">{queued}</td>
      <td class="end num">{count(queue.running)}</td>
      <td class="end num">{age === null ? texts.notKnown : span(age)}</td>
      <td class="end num">
        {queue.workers ? (
          count(queue.workers)
        ) : (
          <span class="badge warn">
            <Icon name="warn" />
            {texts.noWorker}
          </span>
        )}
      </td>
    </tr>
  );
}

/** Returns the name of a lane as on the write screen, with its name in the API. */
function laneName(lane: Queue["lane"]): string {
  const { laneInteractive, laneBulk } = t.value.write;
  return `${lane === "interactive" ? laneInteractive : laneBulk} (${lane})`;
}

/** The load of a queue. Running jobs are solid, queued jobs hatched. */
function LoadBar({ queue, maxLoad }: { queue: Queue; maxLoad: number }) {
  const width = (value: number): { width: string } => ({ width: `${barFraction(value, maxLoad) * 100}%` });
  return (
    <span
      class="load"
      role="img"
      aria-label={t.value.system.queueLoadOf(count(queue.queued), count(queue.running))}
    >
      {queue.running ? <span class="load-running" style={width(queue.running)} /> : null}
      {queue.queued ? <span class="load-queued" style={width(queue.queued)} /> : null}
    </span>
  );
}
