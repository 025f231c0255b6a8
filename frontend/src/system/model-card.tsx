import { useState } from "preact/hooks";
import { t } from "../i18n";
import { bytes, count } from "../i18n/formats";
import { modelName } from "../state/models";
import { voiceName } from "../state/voices";
import { Button } from "../ui/button";
import { FactList } from "./property-list";
import { AskDownload } from "./download-dialog";
import { DownloadLine } from "./download-progress";
import { causesOf, failuresOf, isActive } from "./downloads";
import { FailedDownloads } from "./failed-downloads";
import { NotServed } from "./worker-setup-note";
import { fetchModel } from "./model-commands";
import { asksFirst, isNonCommercial, restOf, sizeOf, type Wanted } from "./download-sizes";
import { StateBadge } from "./weights-state-badge";
import type { Download, Model } from "./types";
import { WeightsLine } from "./weights-item";

/** One family: what it is, what is here of it, and what can be done about it. */
export function ModelCard({
  model,
  downloads,
  heard,
  canSpeak,
  onChanged,
}: {
  model: Model;
  downloads: readonly Download[];
  heard: readonly string[];
  /** Some worker takes its jobs, or would once the weights are there. */
  canSpeak: boolean;
  onChanged: () => void;
}) {
  const said = t.value.farm;
  const { want, question } = useDownload(model, onChanged);
  const active = downloads.filter((one) => one.model === model.alias && isActive(one.status));
  const rest = active.length ? null : restOf(model);
  return (
    <li class="card model">
      <header class="row spread">
        <h3>
          <bdi>{model.name}</bdi>
        </h3>
        <span class="row">
          {model.need === "optional" ? <span class="badge">{said.optional}</span> : null}
          <StateBadge state={model.state} />
        </span>
      </header>
      <Facts model={model} />
      <Voices model={model} />
      <ul class="weights" aria-label={said.weights}>
        {model.weights.map((weights) => (
          <WeightsLine key={weights.key} model={model} weights={weights} canSpeak={canSpeak} onWant={want} onChanged={onChanged} />
        ))}
      </ul>
      {active.length ? (
        <ul class="fetchings">
          {active.map((one) => (
            <DownloadLine
              key={one.id}
              download={one}
              name={itemName(one)}
              listens={heard.includes(one.id)}
              onEnd={onChanged}
            />
          ))}
        </ul>
      ) : null}
      {causesOf(failuresOf(downloads, model.alias)).map((cause) => (
        <FailedDownloads key={cause.reason} cause={cause} nameOf={itemName} />
      ))}
      {canSpeak ? null : <NotServed model={model} />}
      {rest ? (
        <div class="row">
          <Button icon="download" onPress={() => want(rest, model.name)}>
            {model.state === "absent" ? said.downloadOf(model.name) : said.downloadRest}
          </Button>
          {rest.bytes === null || model.state === "absent" ? null : <span class="soft small num">{said.about(bytes(rest.bytes))}</span>}
        </div>
      ) : null}
      {question}
    </li>
  );
}

/** Of Hibari, whose items are voices, a voice. */
function itemName(download: Download): string {
  return download.model === "hibari" ? voiceName(download.item) : modelName(download.item);
}

function useDownload(model: Model, onChanged: () => void) {
  const [asked, setAsked] = useState<{ wanted: Wanted; name: string } | null>(null);
  const begin = (wanted: Wanted, name: string): void => void fetchModel(wanted.name, name).then(onChanged);
  const want = (wanted: Wanted, name: string): void => {
    if (asksFirst(wanted, model)) setAsked({ wanted, name });
    else begin(wanted, name);
  };
  const question = asked ? (
    <AskDownload {...asked} model={model} onYes={() => begin(asked.wanted, asked.name)} onClose={() => setAsked(null)} />
  ) : null;
  return { want, question };
}

function Facts({ model }: { model: Model }) {
  const said = t.value.farm;
  const size = sizeOf(model, model.weights);
  const facts: [string, string][] = [
    [said.licence, isNonCommercial(model) ? said.nonCommercial(model.license) : model.license],
    [said.size, size === null ? said.notKnown : size.about ? said.about(bytes(size.bytes)) : bytes(size.bytes)],
    [said.runsOn, said.hardware(model.runs_on)],
  ];
  return <FactList facts={facts} />;
}

function Voices({ model }: { model: Model }) {
  const said = t.value.farm;
  if (!model.voices.length) return null;
  const here = said.voicesHere(count(model.voices_present), count(model.voices_known));
  return (
    <details class="more">
      <summary>{here}</summary>
      <ul class="names" tabIndex={0} aria-label={here}>
        {model.voices.map((voice) => (
          <li key={voice.id} class={`badge ${voice.present ? "" : "missing"}`}>
            <bdi class="clip">{voiceName(voice.id)}</bdi>
            {voice.present ? null : <span class="aside"> ({said.voiceAbsent})</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
