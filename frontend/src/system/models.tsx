/** The models tab: what is downloaded, where it is loaded, and downloads of what is missing. */

import { api, dataOf } from "../api/client";
import { t } from "../i18n";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { followedIds } from "./downloads";
import { ModelCard } from "./model-card";
import { countServing, hasCompatibleWorker } from "./model-workers";
import { OutdatedNotice } from "./outdated-notice";
import { usePolling } from "./polling";
import { withTimeout } from "./timeout";

const POLL_INTERVAL_MS = 4000;

function fetchModels(signal: AbortSignal) {
  return withTimeout(15_000, signal, async (limited) => {
    const [status, { workers }] = await Promise.all([
      dataOf(api.GET("/models/status", { signal: limited })),
      dataOf(api.GET("/workers", { signal: limited })),
    ]);
    return { ...status, workers };
  });
}

export function Models() {
  const result = usePolling(fetchModels, { intervalMs: POLL_INTERVAL_MS });
  const data = result.value;
  if (data === null) {
    return result.failure ? (
      <ErrorState failure={result.failure} onRetry={result.refresh} />
    ) : (
      <Skeleton lines={8} />
    );
  }
  const followed = followedIds(data.downloads);
  return (
    <div class="stack system-sections">
      <OutdatedNotice result={result} />
      {data.models.length ? (
        <section class="stack" aria-labelledby="system-models">
          <h2 id="system-models" class="visually-hidden">
            {t.value.system.models}
          </h2>
          <ul class="models">
            {data.models.map((model) => (
              <ModelCard
                key={model.alias}
                model={model}
                downloads={data.downloads}
                followedIds={followed}
                hasWorker={countServing(model) > 0 || hasCompatibleWorker(model.alias, data.workers)}
                onChanged={result.refresh}
              />
            ))}
          </ul>
        </section>
      ) : (
        <EmptyState icon="voice" title={t.value.system.noModelsTitle} />
      )}
    </div>
  );
}
