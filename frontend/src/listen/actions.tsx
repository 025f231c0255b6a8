/** The buttons for a recording, or for its job while there is no recording. */

import { useSignal } from "@preact/signals";
import type { Failure } from "../api/client";
import type { Format } from "../api/formats";
import { t } from "../i18n";
import { pendingRemovals, removeRecordings } from "../library/removal";
import { showNotice } from "../state/notices";
import { play, playing, toggle, track, waiting } from "../state/player";
import { go, link } from "../state/route";
import { Button } from "../ui/button";
import { DownloadMenu } from "../ui/download-menu";
import { explain } from "../ui/state";
import { textToOpen } from "../write/draft";
import { changeSettings } from "../write/settings";
import { canPlay, trackOf } from "./playback";
import type { JobWatcher } from "./job-watcher";

export function Actions({ watcher }: { watcher: JobWatcher }) {
  const messages = t.value.listen;
  const { recording, job } = watcher;
  const isLoaded = track.value?.jobId === watcher.id;
  const isPlaying = isLoaded && playing.value;
  const status = job.value?.status;
  return (
    <div class="row">
      {canPlay(watcher) ? (
        <Button
          kind="primary"
          icon={isPlaying ? "pause" : "play"}
          busy={isLoaded && waiting.value && !playing.value}
          onPress={() => (isLoaded ? toggle() : void play(trackOf(watcher)))}
        >
          {isPlaying ? t.value.shell.pause : t.value.shell.play}
        </Button>
      ) : null}
      {recording.value ? (
        <>
          <DownloadMenu
            jobId={watcher.id}
            format={recording.value.format}
            title={watcher.title.value}
            text={t.value.shell.download}
          />
          <ActionButton
            icon="keep"
            kind="quiet"
            label={recording.value.kept ? t.value.library.stopKeeping : t.value.library.keep}
            action={() => watcher.setKept(!recording.value?.kept)}
          />
          <Button
            kind="quiet"
            icon="trash"
            disabled={pendingRemovals.value.has(watcher.id)}
            onPress={() => {
              removeRecordings([watcher.id]);
              go(link("library"));
            }}
          >
            {messages.delete}
          </Button>
        </>
      ) : null}
      {status === "running" && watcher.segments.value.length ? (
        <ActionButton icon="stop" label={messages.stopAndKeep} action={() => watcher.stopAndKeep()} />
      ) : null}
      {status === "queued" || status === "running" ? (
        <ActionButton icon="close" label={messages.cancel} action={() => watcher.cancel()} />
      ) : null}
      {status === "failed" || status === "cancelled" ? (
        <>
          <ActionButton icon="retry" label={messages.retry} action={() => watcher.retry()} />
          <ActionButton
            icon="trash"
            label={messages.delete}
            action={() => watcher.delete().then(() => go(link("library")))}
          />
        </>
      ) : null}
      <Button
        kind="quiet"
        icon="edit"
        onPress={() => {
          openInEditor(watcher);
          go(link("write"));
        }}
      >
        {messages.editText}
      </Button>
    </div>
  );
}

/** Opens the text on the write screen, with the voice and the settings of this recording. */
function openInEditor(watcher: JobWatcher): void {
  const source = watcher.recording.value ?? watcher.job.value;
  if (!source) return;
  changeSettings({
    voiceId: source.voice_id,
    speed: source.speed,
    style: source.style ?? "",
    format: source.format as Format,
    // Null if the request named no language; it is then detected again.
    language: source.language ?? "",
    seed: source.seed === null ? "" : String(source.seed),
  });
  textToOpen.value = { text: source.text, title: watcher.title.value, lexicon: source.lexicon };
}

/** Shows that it is busy until the action ends, and reports a failure. */
function ActionButton({
  icon,
  label,
  kind = "plain",
  action,
}: {
  icon: "close" | "retry" | "trash" | "keep" | "stop";
  kind?: "plain" | "quiet";
  label: string;
  action: () => Promise<void>;
}) {
  const busy = useSignal(false);
  return (
    <Button
      icon={icon}
      kind={kind}
      busy={busy.value}
      onPress={() => {
        busy.value = true;
        action()
          .catch((failure: Failure) => showNotice(explain(failure), { kind: "bad" }))
          .finally(() => (busy.value = false));
      }}
    >
      {label}
    </Button>
  );
}
