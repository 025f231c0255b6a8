/** The voices in the picker: usable ones first, then the others by model, each with one button to download it. */

import { useEffect, useState } from "preact/hooks";
import { api, dataOf, type Voice } from "../api/client";
import { t } from "../i18n";
import { modelName } from "../state/models";
import { hasCompatibleWorker } from "../system/model-workers";
import type { Model, Worker } from "../system/types";
import { IconButton } from "../ui/button";
import { ModelGroup } from "./model-group";
import { preview, previewing, stopPreview } from "./preview";
import { describeVoice } from "./voice-search";

export function VoiceList({
  found,
  chosen,
  onChoose,
}: {
  found: readonly Voice[];
  chosen: string | null;
  onChoose: (voice: Voice) => void;
}) {
  const usable = found.filter((voice) => voice.available);
  const others = new Map<string, Voice[]>();
  for (const voice of found.filter((one) => !one.available))
    others.set(voice.model, [...(others.get(voice.model) ?? []), voice]);
  const { models, workers, refresh } = useModels(others.size > 0);
  return (
    <div class="voices">
      {usable.length ? (
        <ul aria-label={t.value.write.usableVoices}>
          {usable.map((voice) => (
            <VoiceRow key={voice.id} voice={voice} isChosen={voice.id === chosen} onChoose={onChoose} />
          ))}
        </ul>
      ) : null}
      {[...others].map(([alias, voices]) => (
        <ModelGroup
          key={alias}
          name={modelName(alias)}
          voices={voices}
          model={models.find((model) => model.alias === alias) ?? null}
          hasWorker={hasCompatibleWorker(alias, workers)}
          onChanged={refresh}
        />
      ))}
    </div>
  );
}

/** The models and workers of the service. Empty until they are loaded; without them the list has no buttons. */
function useModels(isNeeded: boolean) {
  const [loaded, setLoaded] = useState<{ models: readonly Model[]; workers: readonly Worker[] }>({
    models: [],
    workers: [],
  });
  const refresh = (): void => {
    Promise.all([dataOf(api.GET("/models/status")), dataOf(api.GET("/workers"))]).then(
      ([{ models }, { workers }]) => setLoaded({ models, workers }),
      () => undefined,
    );
  };
  useEffect(() => {
    if (isNeeded) refresh();
  }, [isNeeded]);
  return { ...loaded, refresh };
}

function VoiceRow({
  voice,
  isChosen,
  onChoose,
}: {
  voice: Voice;
  isChosen: boolean;
  onChoose: (voice: Voice) => void;
}) {
  const messages = t.value.write;
  const isPreviewed = previewing.value?.id === voice.id;
  return (
    <li class="voice">
      <IconButton
        kind="quiet"
        icon={isPreviewed ? "stop" : "play"}
        label={isPreviewed ? messages.previewStop : messages.preview(voice.name)}
        busy={isPreviewed && !previewing.value?.isPlaying}
        onPress={() => (isPreviewed ? stopPreview() : void preview(voice))}
      />
      <button type="button" class="voice-choice" aria-pressed={isChosen} onClick={() => onChoose(voice)}>
        <bdi class="voice-name">{voice.name}</bdi>
        <span class="small soft">{describeVoice(voice)}</span>
      </button>
      <span class="voice-badges">
        {voice.is_default ? <span class="badge accent">{messages.defaultVoice}</span> : null}
        {voice.style ? <span class="badge">{messages.supportsStyle}</span> : null}
        {voice.slow ? <span class="badge warn">{messages.slow}</span> : null}
        {voice.provider === "inference" ? <span class="badge">{messages.hosted}</span> : null}
      </span>
    </li>
  );
}
