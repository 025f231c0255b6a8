import { t } from "../i18n";
import { modelName } from "../state/models";
import { ageS, formatAge } from "./formatting";
import type { Worker } from "./types";
import { workerName } from "./worker-groups";

/** Workers that stopped or lost their heartbeat in the last day, collapsed. */
export function InactiveWorkers({ workers }: { workers: readonly Worker[] }) {
  if (!workers.length) return null;
  return (
    <details class="inactive-workers">
      <summary>{t.value.system.inactiveWorkers(workers.length)}</summary>
      <ul>
        {workers.map((worker) => (
          <li key={worker.id} class="row spread small soft">
            <bdi>{workerName(worker)}</bdi>
            <span>{[...new Set(worker.models.map((model) => modelName(model.model)))].join(", ")}</span>
            <span>{lastSeenText(worker)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function lastSeenText(worker: Worker): string {
  const texts = t.value.system;
  const when = formatAge(ageS(worker.heartbeat_at, Date.now()) ?? 0);
  return worker.stopped ? texts.stoppedAt(when) : texts.lastSeen(when);
}
