/** The models: what is here, where it is loaded, and fetching what is missing. */

import { answer, api } from "../api/client";
import { t } from "../i18n";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { listenedTo } from "./downloads";
import { ModelCard } from "./model-card";
import { within } from "./timeout";
import { useReading } from "./polling";
import { hasSpeaker, servingOf } from "./model-workers";
import { Stale } from "./outdated-notice";

const EVERY_MS = 4000;

function ask(signal: AbortSignal) {
  return within(15_000, signal, async (limited) => {
    const [status, { workers }] = await Promise.all([
      answer(api.GET("/models/status", { signal: limited })),
      answer(api.GET("/workers", { signal: limited })),
    ]);
    return { ...status, workers };
  });
}

export function Models() {
  const reading = useReading(ask, { everyMs: EVERY_MS });
  const now = reading.value;
  if (now === null) {
    return reading.failure ? <Trouble failure={reading.failure} onRetry={reading.refresh} /> : <Skeleton lines={8} />;
  }
  const heard = listenedTo(now.downloads);
  return (
    <div class="stack farm-sections">
      <Stale reading={reading} />
      {now.models.length ? (
        <section class="stack" aria-labelledby="farm-models">
          <h2 id="farm-models" class="aside">
            {t.value.farm.models}
          </h2>
          <ul class="models">
            {now.models.map((model) => (
              <ModelCard
                key={model.alias}
                model={model}
                downloads={now.downloads}
                heard={heard}
                canSpeak={servingOf(model) > 0 || hasSpeaker(model.alias, now.workers)}
                onChanged={reading.refresh}
              />
            ))}
          </ul>
        </section>
      ) : (
        <Empty icon="voice" title={t.value.farm.noModelsTitle} />
      )}
    </div>
  );
}
