import { t } from "../i18n";
import { bytes, count } from "../i18n/formats";
import { modelName } from "../state/models";
import { voiceName } from "../state/voices";
import { Button } from "../ui/button";
import { DownloadProgress } from "./download-progress";
import { useDownloadRequest } from "./download-request";
import { diskSize, isNonCommercial, missingDownload } from "./download-sizes";
import { groupFailures, isActive, latestFailures } from "./downloads";
import { FailedDownloads } from "./failed-downloads";
import { PropertyList } from "./property-list";
import type { Download, Model } from "./types";
import { WeightsItem } from "./weights-item";
import { WeightsStateBadge } from "./weights-state-badge";
import { WorkerSetupNote } from "./worker-setup-note";

/** One model: its properties, voices, weights and downloads. */
export function ModelCard({
  model,
  downloads,
  followedIds,
  hasWorker,
  onChanged,
}: {
  model: Model;
  downloads: readonly Download[];
  followedIds: readonly string[];
  /** True if a worker serves the model, or would with its weights. */
  hasWorker: boolean;
  onChanged: () => void;
}) {
  const texts = t.value.system;
  const { requestDownload, dialog } = useDownloadRequest(model, onChanged);
  const active = downloads.filter((one) => one.model === model.alias && isActive(one.status));
  const missing = active.length ? null : missingDownload(model);
  return (
    <li class="card model">
      <header class="row spread">
        <h3>
          <bdi>{model.name}</bdi>
        </h3>
        <span class="row">
          {model.need === "optional" ? <span class="badge">{texts.optional}</span> : null}
          <WeightsStateBadge state={model.state} />
        </span>
      </header>
      <ModelProperties model={model} />
      <VoiceList model={model} />
      <ul class="weights" aria-label={texts.weights}>
        {model.weights.map((weights) => (
          <WeightsItem
            key={weights.key}
            model={model}
            weights={weights}
            hasWorker={hasWorker}
            onDownload={requestDownload}
            onChanged={onChanged}
          />
        ))}
      </ul>
      {active.length ? (
        <ul class="downloads">
          {active.map((one) => (
            <DownloadProgress
              key={one.id}
              download={one}
              name={itemName(one)}
              followsEvents={followedIds.includes(one.id)}
              onEnd={onChanged}
            />
          ))}
        </ul>
      ) : null}
      {groupFailures(latestFailures(downloads, model.alias)).map((group) => (
        <FailedDownloads key={group.reason} group={group} nameOf={itemName} />
      ))}
      {hasWorker ? null : <WorkerSetupNote model={model} />}
      {missing ? (
        <div class="row">
          <Button icon="download" onPress={() => requestDownload(missing, model.name)}>
            {model.state === "absent" ? texts.downloadOf(model.name) : texts.downloadRest}
          </Button>
          {missing.bytes === null || model.state === "absent" ? null : (
            <span class="soft small num">{texts.about(bytes(missing.bytes))}</span>
          )}
        </div>
      ) : null}
      {dialog}
    </li>
  );
}

/** Returns the name of a downloaded item: weights, or a voice for Hibari. */
function itemName(download: Download): string {
  return download.model === "hibari" ? voiceName(download.item) : modelName(download.item);
}

function ModelProperties({ model }: { model: Model }) {
  const texts = t.value.system;
  const size = diskSize(model, model.weights);
  const properties: [string, string][] = [
    [texts.licence, isNonCommercial(model) ? texts.nonCommercial(model.license) : model.license],
    [
      texts.size,
      size === null ? texts.notKnown : size.isEstimate ? texts.about(bytes(size.bytes)) : bytes(size.bytes),
    ],
    [texts.runsOn, texts.hardware(model.runs_on)],
  ];
  return <PropertyList properties={properties} />;
}

function VoiceList({ model }: { model: Model }) {
  const texts = t.value.system;
  if (!model.voices.length) return null;
  const label = texts.voicesHere(count(model.voices_present), count(model.voices_known));
  return (
    <details class="more">
      <summary>{label}</summary>
      <ul class="voice-names" tabIndex={0} aria-label={label}>
        {model.voices.map((voice) => (
          <li key={voice.id} class={`badge ${voice.present ? "" : "missing"}`}>
            <bdi class="clip">{voiceName(voice.id)}</bdi>
            {voice.present ? null : <span class="visually-hidden"> ({texts.voiceNotDownloaded})</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
