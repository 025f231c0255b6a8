import { useState } from "preact/hooks";
import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { modelName, variantName } from "../state/models";
import { Button } from "../ui/button";
import { type DownloadRequest, missingWeightsDownload } from "./download-sizes";
import { loadModel, unloadModel } from "./model-commands";
import { ModelStatusBadge } from "./model-status-badge";
import { countServing } from "./model-workers";
import type { Model, Weights } from "./types";
import { WeightsStateBadge } from "./weights-state-badge";

/** One set of weights: the workers that have loaded it, and the commands for it. */
export function WeightsItem({
  model,
  weights,
  hasWorker,
  onDownload,
  onChanged,
}: {
  model: Model;
  weights: Weights;
  hasWorker: boolean;
  onDownload: (request: DownloadRequest, name: string) => void;
  onChanged: () => void;
}) {
  const isOnly = model.weights.length === 1;
  const name = isOnly ? model.name : modelName(weights.key);
  return (
    <li class="weights-item">
      <div class="row spread">
        {isOnly ? (
          <WeightsWorkers weights={weights} servingCount={countServing(model)} hasWorker={hasWorker} />
        ) : (
          <WeightsName weights={weights} />
        )}
        <span class="row">
          {isOnly ? null : <WeightsStateBadge state={weights.state} />}
          <CommandButtons model={model} weights={weights} name={name} onChanged={onChanged} />
          {!isOnly && weights.state !== "complete" && weights.download === null ? (
            <Button
              compact
              icon="download"
              onPress={() => onDownload(missingWeightsDownload(model, weights), name)}
            >
              {t.value.system.download}
              <span class="visually-hidden"> {name}</span>
            </Button>
          ) : null}
        </span>
      </div>
      {!isOnly && notableWorkers(weights).length ? (
        <WeightsWorkers weights={weights} servingCount={0} hasWorker={hasWorker} />
      ) : null}
    </li>
  );
}

/** Names the weights of a model that has several. */
function WeightsName({ weights }: { weights: Weights }) {
  return (
    <span>
      <bdi>{variantName(weights.key)}</bdi>{" "}
      {weights.size_bytes ? <span class="soft small num">{bytes(weights.size_bytes)}</span> : null}
    </span>
  );
}

/** Returns the workers that have loaded the weights or have trouble with them. */
function notableWorkers(weights: Weights) {
  return weights.workers.filter((worker) => worker.loaded || worker.trouble !== null);
}

function WeightsWorkers({
  weights,
  servingCount,
  hasWorker,
}: {
  weights: Weights;
  servingCount: number;
  hasWorker: boolean;
}) {
  const texts = t.value.system;
  const notable = notableWorkers(weights);
  if (!notable.length) {
    const text = hasWorker ? texts.awaitsWeights : texts.servedNowhere;
    return <span class="soft small">{servingCount ? texts.servedOn(servingCount) : text}</span>;
  }
  return (
    <ul class="weights-workers">
      {notable.map((worker) => (
        <li key={worker.id}>
          <span class="row">
            <ModelStatusBadge model={worker} />
            <bdi class="soft small">{worker.id.replace(/^.*@/, "").replace(":", " · ")}</bdi>
            {worker.memory_bytes ? <span class="soft small num">{bytes(worker.memory_bytes)}</span> : null}
          </span>
          {worker.trouble === null ? null : (
            <p class="small reason" dir="auto">
              {worker.trouble}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

function CommandButtons({
  model,
  weights,
  name,
  onChanged,
}: {
  model: Model;
  weights: Weights;
  name: string;
  onChanged: () => void;
}) {
  const texts = t.value.system;
  const [busy, setBusy] = useState(false);
  const run = (command: typeof loadModel): void => {
    setBusy(true);
    void command(weights.key, name).then(() => {
      setBusy(false);
      onChanged();
    });
  };
  const loaded = weights.workers.filter((worker) => worker.loaded).length;
  if (weights.state !== "complete" && !loaded) return null;
  return (
    <>
      {loaded < countServing(model) ? (
        <Button compact kind="quiet" busy={busy} onPress={() => run(loadModel)}>
          <span aria-hidden="true">{texts.load}</span>
          <span class="visually-hidden">{texts.loadOf(name)}</span>
        </Button>
      ) : null}
      {loaded ? (
        <Button compact kind="quiet" busy={busy} onPress={() => run(unloadModel)}>
          <span aria-hidden="true">{texts.unload}</span>
          <span class="visually-hidden">{texts.unloadOf(name)}</span>
        </Button>
      ) : null}
    </>
  );
}
