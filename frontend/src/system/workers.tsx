/** The workers tab: the current workers and queues. */

import { api, dataOf } from "../api/client";
import { t } from "../i18n";
import { count } from "../i18n/formats";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { audioAmount } from "./formatting";
import { InactiveWorkers } from "./inactive-workers";
import { OutdatedNotice } from "./outdated-notice";
import { usePolling } from "./polling";
import { QueueTable } from "./queue-table";
import { Summary, type SummaryItem } from "./summary";
import { withTimeout } from "./timeout";
import type { Analytics, Worker } from "./types";
import { WorkerCard } from "./worker-card";
import { groupWorkers } from "./worker-groups";

const POLL_INTERVAL_MS = 3000;

function fetchWorkers(signal: AbortSignal) {
  return withTimeout(15_000, signal, async (limited) => {
    const [status, analytics] = await Promise.all([
      dataOf(api.GET("/workers", { signal: limited })),
      dataOf(api.GET("/analytics", { params: { query: { hours: 1 } }, signal: limited })),
    ]);
    return { ...status, analytics };
  });
}

export function Workers() {
  const result = usePolling(fetchWorkers, { intervalMs: POLL_INTERVAL_MS });
  const data = result.value;
  if (data === null) {
    return result.failure ? (
      <ErrorState failure={result.failure} onRetry={result.refresh} />
    ) : (
      <Skeleton lines={8} />
    );
  }
  return (
    <div class="stack system-sections">
      <OutdatedNotice result={result} />
      <Summary items={summaryItems(data.analytics, data.workers)} />
      <WorkerList workers={data.workers} />
      <QueueTable queues={data.queues} />
    </div>
  );
}

function WorkerList({ workers }: { workers: readonly Worker[] }) {
  const texts = t.value.system;
  const groups = groupWorkers(workers);
  return (
    <section class="stack" aria-labelledby="system-workers">
      <h2 id="system-workers">{texts.workers}</h2>
      {groups.speaking.length ? null : (
        <EmptyState icon="system" title={texts.noWorkersTitle}>
          <p>{texts.noWorkers}</p>
          <pre class="command">
            <code>oratio worker --models hibari,stub</code>
          </pre>
        </EmptyState>
      )}
      <ul class="worker-list">
        {[...groups.speaking, ...groups.ops].map((worker) => (
          <WorkerCard key={worker.id} worker={worker} />
        ))}
      </ul>
      <InactiveWorkers workers={groups.inactive} />
    </section>
  );
}

const PROVIDERS: Record<string, "providerAuto" | "providerLocal" | "providerInference" | "providerStub"> = {
  auto: "providerAuto",
  local: "providerLocal",
  inference: "providerInference",
  stub: "providerStub",
};

function summaryItems(analytics: Analytics, workers: readonly Worker[]): readonly SummaryItem[] {
  const texts = t.value.system;
  const providerKey = PROVIDERS[analytics.provider];
  const audio = audioAmount(analytics.audio_minutes * 60);
  return [
    { name: texts.runningWorkers, value: count(groupWorkers(workers).speaking.length) },
    { name: texts.queued, value: count(analytics.queue.queued) },
    { name: texts.running, value: count(analytics.queue.running) },
    { name: texts.totalAudio, value: audio.value, note: audio.unit },
    { name: texts.provider, value: providerKey ? texts[providerKey] : analytics.provider, isText: true },
  ];
}
