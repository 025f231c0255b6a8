import { t } from "../i18n";
import { count, span } from "../i18n/formats";
import { modelName } from "../state/models";
import { Icon } from "../ui/icon";
import { ageS, shareOf, sortedQueues } from "./worker-groups";
import type { Queue } from "./types";

/** What waits, for whom, since when, and who takes from it. */
export function QueueTable({ queues }: { queues: readonly Queue[] }) {
  const said = t.value.farm;
  const most = Math.max(1, ...queues.map((queue) => queue.queued + queue.running));
  return (
    <section class="stack" aria-labelledby="farm-queues">
      <div>
        <h2 id="farm-queues">{said.queues}</h2>
        <p class="soft small">{queues.length ? said.queuesNote : said.noQueues}</p>
      </div>
      {queues.length ? (
        <div class="scroller" role="region" aria-label={said.scrolls(said.queues)} tabIndex={0}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{said.queue}</th>
                <th scope="col">{said.lane}</th>
                <th scope="col" class="wide">
                  {said.load}
                </th>
                <th scope="col" class="end">
                  {said.queued}
                </th>
                <th scope="col" class="end">
                  {said.running}
                </th>
                <th scope="col" class="end">
                  {said.oldest}
                </th>
                <th scope="col" class="end">
                  {said.servedBy}
                </th>
              </tr>
            </thead>
            <tbody>
              {sortedQueues(queues).map((queue) => (
                <Line key={queue.queue} queue={queue} most={most} />
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function Line({ queue, most }: { queue: Queue; most: number }) {
  const said = t.value.farm;
  const age = ageS(queue.oldest_at, Date.now());
  const queued = queue.queued_is_at_least ? said.atLeast(count(queue.queued)) : count(queue.queued);
  const idle = queue.queued + queue.running === 0;
  return (
    <tr class={idle ? "idle" : ""}>
      <th scope="row">
        <bdi>{modelName(queue.queue.replace(/\.[^.]*$/, ""))}</bdi>
      </th>
      <td>{laneName(queue.lane)}</td>
      <td class="wide">
        <Load queue={queue} most={most} />
      </td>
      <td class="end num">{queued}</td>
      <td class="end num">{count(queue.running)}</td>
      <td class="end num">{age === null ? said.notKnown : span(age)}</td>
      <td class="end num">
        {queue.workers ? (
          count(queue.workers)
        ) : (
          <span class="badge warn">
            <Icon name="warn" />
            {said.nobodyServes}
          </span>
        )}
      </td>
    </tr>
  );
}

/** As one chooses it when writing, and as the service calls it. */
function laneName(lane: Queue["lane"]): string {
  const { laneInteractive, laneBulk } = t.value.write;
  return `${lane === "interactive" ? laneInteractive : laneBulk} (${lane})`;
}

/** Spoken is solid, queued is hatched. */
function Load({ queue, most }: { queue: Queue; most: number }) {
  const width = (value: number): { width: string } => ({ width: `${shareOf(value, most) * 100}%` });
  return (
    <span class="load" role="img" aria-label={t.value.farm.loadOf(count(queue.queued), count(queue.running))}>
      {queue.running ? <span class="load-running" style={width(queue.running)} /> : null}
      {queue.queued ? <span class="load-queued" style={width(queue.queued)} /> : null}
    </span>
  );
}
