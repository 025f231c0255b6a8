/** What can be done with a recording, or with the job that it is still to become of. */

import { useSignal } from "@preact/signals";
import type { Failure } from "../api/client";
import type { Format } from "../api/formats";
import { t } from "../i18n";
import { pendingRemovals, removeRecordings } from "../library/removal";
import { tell } from "../state/notices";
import { play, playing, toggle, track, waiting } from "../state/player";
import { go, link } from "../state/route";
import { Button } from "../ui/button";
import { DownloadMenu } from "../ui/download-menu";
import { explain } from "../ui/state";
import { asked, change } from "../write/draft";
import { trackOf } from "./playback";
import type { Watch } from "./job-watcher";

export function Actions({ watch }: { watch: Watch }) {
  const said = t.value.listen;
  const { recording, job } = watch;
  const isMine = track.value?.jobId === watch.id;
  const isHeard = isMine && playing.value;
  const status = job.value?.status;
  const canHear = recording.value !== null || status === "running" || status === "queued";
  return (
    <div class="row">
      {canHear ? (
        <Button
          kind="primary"
          icon={isHeard ? "pause" : "play"}
          busy={isMine && waiting.value && !playing.value}
          onPress={() => (isMine ? toggle() : void play(trackOf(watch)))}
        >
          {isHeard ? t.value.shell.pause : t.value.shell.play}
        </Button>
      ) : null}
      {recording.value ? (
        <>
          <DownloadMenu
            jobId={watch.id}
            format={recording.value.format}
            title={watch.title.value}
            text={t.value.shell.download} />
          <Button
            kind="quiet"
            icon="trash"
            disabled={pendingRemovals.value.has(watch.id)}
            onPress={() => {
              removeRecordings([watch.id]);
              go(link("library"));
            }}
          >
            {said.delete}
          </Button>
        </>
      ) : null}
      {status === "queued" || status === "running" ? (
        <Attempt icon="close" label={said.cancel} act={() => watch.cancel()} />
      ) : null}
      {status === "failed" || status === "cancelled" ? (
        <>
          <Attempt icon="retry" label={said.retry} act={() => watch.retry()} />
          <Attempt icon="trash" label={said.delete} act={() => watch.remove().then(() => go(link("library")))} />
        </>
      ) : null}
      <Button
        kind="quiet"
        icon="edit"
        onPress={() => {
          rewrite(watch);
          go(link("write"));
        }}
      >
        {said.editText}
      </Button>
    </div>
  );
}

/** The text goes back to the sheet, to be said as it was said here. */
function rewrite(watch: Watch): void {
  const one = watch.recording.value ?? watch.job.value;
  if (!one) return;
  change({ voiceId: one.voice_id, speed: one.speed, style: one.style ?? "", format: one.format as Format });
  asked.value = { text: one.text, title: watch.title.value };
}

function Attempt({ icon, label, act }: { icon: "close" | "retry" | "trash"; label: string; act: () => Promise<void> }) {
  const busy = useSignal(false);
  return (
    <Button
      icon={icon}
      busy={busy.value}
      onPress={() => {
        busy.value = true;
        act()
          .catch((failure: Failure) => tell(explain(failure), { kind: "bad" }))
          .finally(() => (busy.value = false));
      }}
    >
      {label}
    </Button>
  );
}
