/** The workers and the queues, as they are at this moment. */

import { answer, api } from "../api/client";
import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { soundAmount } from "./formatting";
import { crewOf } from "./worker-groups";
import { Glance } from "./summary";
import { Gone } from "./inactive-workers";
import { within } from "./timeout";
import { QueueTable } from "./queue-table";
import { useReading } from "./polling";
import { Stale } from "./outdated-notice";
import type { Analytics, Worker } from "./types";
import { WorkerCard } from "./worker-card";

const EVERY_MS = 3000;

function ask(signal: AbortSignal) {
  return within(15_000, signal, async (limited) => {
    const [farm, figures] = await Promise.all([
      answer(api.GET("/workers", { signal: limited })),
      answer(api.GET("/analytics", { params: { query: { hours: 1 } }, signal: limited })),
    ]);
    return { ...farm, figures };
  });
}

export function Workers() {
  const reading = useReading(ask, { everyMs: EVERY_MS });
  const now = reading.value;
  if (now === null) {
    return reading.failure ? <Trouble failure={reading.failure} onRetry={reading.refresh} /> : <Skeleton lines={8} />;
  }
  return (
    <div class="stack farm-sections">
      <Stale reading={reading} />
      <Glance figures={glance(now.figures, now.workers)} />
      <Everybody workers={now.workers} />
      <QueueTable queues={now.queues} />
    </div>
  );
}

function Everybody({ workers }: { workers: readonly Worker[] }) {
  const said = t.value.farm;
  const crew = crewOf(workers);
  return (
    <section class="stack" aria-labelledby="farm-workers">
      <h2 id="farm-workers">{said.workers}</h2>
      {crew.speaking.length ? null : (
        <Empty icon="system" title={said.nobodyTitle}>
          <p>{said.nobody}</p>
          <pre class="command">
            <code>oratio worker --models hibari,stub</code>
          </pre>
        </Empty>
      )}
      <ul class="crew">
        {[...crew.speaking, ...crew.housekeepers].map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </ul>
      <Gone workers={crew.gone} />
    </section>
  );
}

const PROVIDERS: Record<string, "providerAuto" | "providerLocal" | "providerInference" | "providerStub"> = {
  auto: "providerAuto",
  local: "providerLocal",
  inference: "providerInference",
  stub: "providerStub",
};

function glance(figures: Analytics, workers: readonly Worker[]) {
  const said = t.value.farm;
  const mode = PROVIDERS[figures.provider];
  const audio = soundAmount(figures.audio_minutes * 60);
  return [
    { name: said.alive, value: count(crewOf(workers).speaking.length) },
    { name: said.queued, value: count(figures.queue.queued) },
    { name: said.running, value: count(figures.queue.running) },
    { name: said.audioInAll, value: audio.value, note: audio.unit },
    { name: said.provider, value: mode ? said[mode] : figures.provider, isWord: true },
  ];
}
