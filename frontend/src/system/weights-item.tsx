import { useState } from "preact/hooks";
import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { modelName, variantName } from "../state/models";
import { Button } from "../ui/button";
import { unload, warm } from "./model-commands";
import { servingOf } from "./model-workers";
import { restOfWeights, type Wanted } from "./download-sizes";
import { StateBadge } from "./weights-state-badge";
import { StandingBadge } from "./model-status-badge";
import type { Model, Weights } from "./types";

/** One set of weights: who has it loaded, and what can be done about it. */
export function WeightsLine({
  model,
  weights,
  canSpeak,
  onWant,
  onChanged,
}: {
  model: Model;
  weights: Weights;
  canSpeak: boolean;
  onWant: (wanted: Wanted, name: string) => void;
  onChanged: () => void;
}) {
  const isOne = model.weights.length === 1;
  const name = isOne ? model.name : modelName(weights.key);
  return (
    <li class="set">
      <div class="row spread">
        {isOne ? <Loaded weights={weights} serving={servingOf(model)} canSpeak={canSpeak} /> : <Named weights={weights} />}
        <span class="row">
          {isOne ? null : <StateBadge state={weights.state} />}
          <Orders model={model} weights={weights} name={name} onChanged={onChanged} />
          {!isOne && weights.state !== "complete" && weights.download === null ? (
            <Button compact icon="download" onPress={() => onWant(restOfWeights(model, weights), name)}>
              {t.value.farm.download}
              <span class="aside"> {name}</span>
            </Button>
          ) : null}
        </span>
      </div>
      {!isOne && notedOf(weights).length ? <Loaded weights={weights} serving={0} canSpeak={canSpeak} /> : null}
    </li>
  );
}

/** Of several sets in a family, which. */
function Named({ weights }: { weights: Weights }) {
  return (
    <span>
      <bdi>{variantName(weights.key)}</bdi>{" "}
      {weights.size_bytes ? <span class="soft small num">{bytes(weights.size_bytes)}</span> : null}
    </span>
  );
}

/** Workers of which there is something to tell. */
function notedOf(weights: Weights) {
  return weights.workers.filter((worker) => worker.loaded || worker.trouble !== null);
}

function Loaded({ weights, serving, canSpeak }: { weights: Weights; serving: number; canSpeak: boolean }) {
  const said = t.value.farm;
  const noted = notedOf(weights);
  if (!noted.length) {
    const unserved = canSpeak ? said.awaitsWeights : said.servedNowhere;
    return <span class="soft small">{serving ? said.servedOn(serving) : unserved}</span>;
  }
  return (
    <ul class="on">
      {noted.map((worker) => (
        <li key={worker.id}>
          <span class="row">
            <StandingBadge model={worker} />
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

function Orders({ model, weights, name, onChanged }: { model: Model; weights: Weights; name: string; onChanged: () => void }) {
  const said = t.value.farm;
  const [busy, setBusy] = useState(false);
  const give = (order: typeof warm): void => {
    setBusy(true);
    void order(weights.key, name).then(() => {
      setBusy(false);
      onChanged();
    });
  };
  const loaded = weights.workers.filter((worker) => worker.loaded).length;
  if (weights.state !== "complete" && !loaded) return null;
  return (
    <>
      {loaded < servingOf(model) ? (
        <Button compact kind="quiet" busy={busy} onPress={() => give(warm)}>
          <span aria-hidden="true">{said.warm}</span>
          <span class="aside">{said.warmOf(name)}</span>
        </Button>
      ) : null}
      {loaded ? (
        <Button compact kind="quiet" busy={busy} onPress={() => give(unload)}>
          <span aria-hidden="true">{said.unload}</span>
          <span class="aside">{said.unloadOf(name)}</span>
        </Button>
      ) : null}
    </>
  );
}
