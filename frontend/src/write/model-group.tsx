/** The voices of a model that no worker can speak yet, with its download and what else it needs. */

import type { Voice } from "../api/client";
import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { useDownloadRequest } from "../system/download-request";
import { type DownloadRequest, missingDownload } from "../system/download-sizes";
import type { Model } from "../system/types";
import { WorkerSetupNote } from "../system/worker-setup-note";
import { Button } from "../ui/button";
import { describeVoice } from "./voice-search";

export function ModelGroup({
  name,
  voices,
  model,
  hasWorker,
  onChanged,
}: {
  name: string;
  voices: readonly Voice[];
  /** Null until the models are loaded. */
  model: Model | null;
  hasWorker: boolean;
  onChanged: () => void;
}) {
  const messages = t.value.write;
  const missing = model && missingDownload(model);
  return (
    <section class="model-group" aria-label={name}>
      <header class="row spread">
        <h3>
          <bdi>{name}</bdi>
        </h3>
        {model && missing ? <DownloadButton model={model} request={missing} onChanged={onChanged} /> : null}
      </header>
      <p class="small soft">
        {model
          ? [
              messages.voicesOf(voices.length),
              missing?.bytes ? t.value.system.about(bytes(missing.bytes)) : "",
              t.value.system.hardware(model.runs_on),
              model.license,
            ]
              .filter(Boolean)
              .join(" · ")
          : messages.voicesOf(voices.length)}
      </p>
      {model && !hasWorker ? <WorkerSetupNote model={model} /> : null}
      {model && hasWorker && !missing ? <p class="small soft">{voices[0]?.reason}</p> : null}
      <details>
        <summary class="small soft">{messages.showVoices}</summary>
        <ul>
          {voices.map((voice) => (
            <li key={voice.id} class="voice unavailable">
              <span class="voice-choice">
                <bdi class="voice-name">{voice.name}</bdi>
                <span class="small soft">{describeVoice(voice)}</span>
              </span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function DownloadButton({
  model,
  request,
  onChanged,
}: {
  model: Model;
  request: DownloadRequest;
  onChanged: () => void;
}) {
  const { requestDownload, dialog } = useDownloadRequest(model, onChanged);
  const texts = t.value.system;
  const isRunning = model.weights.some((weights) => weights.download !== null);
  return (
    <>
      <Button compact icon="download" busy={isRunning} onPress={() => requestDownload(request, model.name)}>
        {isRunning ? texts.downloading(model.name) : texts.downloadOf(model.name)}
      </Button>
      {dialog}
    </>
  );
}
