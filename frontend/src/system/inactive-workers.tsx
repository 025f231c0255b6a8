import { t } from "../i18n";
import { modelName } from "../state/models";
import { ago } from "./formatting";
import { ageS, nameOf } from "./worker-groups";
import type { Worker } from "./types";

/** Who stopped or fell silent in the last day; quiet, for whoever looks for them. */
export function Gone({ workers }: { workers: readonly Worker[] }) {
  if (!workers.length) return null;
  return (
    <details class="gone">
      <summary>{t.value.farm.gone(workers.length)}</summary>
      <ul>
        {workers.map((worker) => (
          <li key={worker.id} class="row spread small soft">
            <bdi>{nameOf(worker)}</bdi>
            <span>{[...new Set(worker.models.map((model) => modelName(model.model)))].join(", ")}</span>
            <span>{leftAt(worker)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function leftAt(worker: Worker): string {
  const said = t.value.farm;
  const when = ago(ageS(worker.heartbeat_at, Date.now()) ?? 0);
  return worker.stopped ? said.stoppedAt(when) : said.silentSince(when);
}
