/** One recording: watched while it is spoken, heard, read along, and looked after. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { count, percent, span } from "../i18n/formats";
import { t } from "../i18n";
import type { Failure, Job } from "../api/client";
import { pendingRemovals, removeRecordings } from "../library/removal";
import { durationS, play, playing, seek, stop, toggle, track, waiting, type Track } from "../state/player";
import { go, link, route } from "../state/route";
import { tell } from "../state/notices";
import { loadVoices, voices } from "../state/voices";
import { Button } from "../ui/button";
import { DownloadMenu } from "../ui/download-menu";
import { Icon } from "../ui/icon";
import { Empty, explain, Skeleton, Trouble } from "../ui/state";
import type { Format } from "../api/formats";
import { asked, change } from "../write/draft";
import { Details } from "./details";
import { Heading } from "./heading";
import { Reading } from "./reading";
import { Watch } from "./watch";
import { Waveform } from "./waveform";
import "./listen.css";

export function Listen() {
  const id = route.value.id ?? "";
  const watch = useMemo(() => new Watch(id), [id]);
  useEffect(() => () => watch.close(), [watch]);
  useEffect(() => {
    if (!voices.value) void loadVoices();
  }, []);
  return <Watched key={id} watch={watch} />;
}

function Watched({ watch }: { watch: Watch }) {
  const said = t.value.listen;
  const { job, recording, failure } = watch;
  const status = job.value?.status;
  useEffect(() => {
    if (status === "failed" || status === "cancelled") stop(watch.id);
  }, [status]);
  if (failure.value) return <Missing failure={failure.value} onRetry={() => void watch.again()} />;
  if (watch.text.value === null) {
    return (
      <div class="screen">
        {watch.isLost.value ? <Lost /> : null}
        <Skeleton lines={6} />
      </div>
    );
  }
  const sound = recording.value;
  return (
    <div class="screen listen">
      <header class="stack listen-head">
        <a class="back small" href={link("library")}>
          <Icon name="back" />
          {said.back}
        </a>
        <Heading watch={watch} />
        <Actions watch={watch} />
      </header>
      {watch.isLost.value ? <Lost /> : null}
      <Warnings watch={watch} />
      {sound ? (
        <section class="card">
          <Waveform
            sound={{ jobId: watch.id, format: sound.format, durationS: sound.duration_s }}
            cues={watch.cues.value}
            onSeek={(seconds) => hear(watch, seconds)}
          />
        </section>
      ) : job.value ? (
        <Standing job={job.value} watch={watch} />
      ) : null}
      <div class="listen-body">
        <Reading watch={watch} onSeek={(cue) => hear(watch, cue.startS)} />
        <Details watch={watch} />
      </div>
    </div>
  );
}

function trackOf(watch: Watch): Track {
  const { recording, job } = watch;
  return {
    jobId: watch.id,
    title: watch.title.value,
    format: recording.value?.format ?? job.value?.format ?? "mp3",
    live: recording.value === null,
    ...(recording.value ? { lengthS: recording.value.duration_s } : {}),
  };
}

function hear(watch: Watch, seconds: number): void {
  if (track.value?.jobId === watch.id && (durationS.value || track.value.live)) {
    seek(seconds);
    if (!playing.value) toggle();
  } else void play(trackOf(watch), { atS: seconds });
}

/** What is not as it was asked for: it must not look like a success. */
function Warnings({ watch }: { watch: Watch }) {
  const told = (watch.job.value?.warnings ?? []).map(t.value.service.warning);
  const isBeep = watch.recording.value?.provider === "stub";
  const all = told.length || !isBeep ? told : [t.value.listen.beep];
  if (!all.length) return null;
  return (
    <ul class="note warnings" aria-label={t.value.listen.warnings}>
      {all.map((one) => (
        <li key={one} class="row">
          <Icon name="warn" />
          <span dir="auto">{one}</span>
        </li>
      ))}
    </ul>
  );
}

function Lost() {
  return (
    <p class="note" role="status">
      <Icon name="spinner" class="spin" />
      {t.value.listen.lost}
    </p>
  );
}

function Missing({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const said = t.value.listen;
  return (
    <div class="screen">
      <h1 class="aside">{t.value.shell.listen}</h1>
      {failure.isGone ? (
        <Empty icon="listen" title={said.gone}>
          <p>{said.goneHint}</p>
          <Button onPress={() => go(link("library"))}>{said.toLibrary}</Button>
        </Empty>
      ) : (
        <Trouble failure={failure} onRetry={onRetry} />
      )}
    </div>
  );
}

function Actions({ watch }: { watch: Watch }) {
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
            {said.remove}
          </Button>
        </>
      ) : null}
      {status === "queued" || status === "running" ? (
        <Attempt icon="close" label={said.cancel} act={() => watch.cancel()} />
      ) : null}
      {status === "failed" || status === "cancelled" ? (
        <>
          <Attempt icon="retry" label={said.again} act={() => watch.retry()} />
          <Attempt icon="trash" label={said.remove} act={() => watch.remove().then(() => go(link("library")))} />
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
        {said.edit}
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

/** How far it is, for who waits. */
function Standing({ job, watch }: { job: Job; watch: Watch }) {
  const said = t.value.listen;
  const { progress, status, error } = job;
  if (status === "failed") {
    return (
      <div class="note bad" role="alert">
        <Icon name="warn" />
        <p>
          <strong>{said.failed}</strong>
          <br />
          <span dir="auto">{error ? t.value.service.error(error.code) || error.message : null}</span>
        </p>
      </div>
    );
  }
  if (status === "cancelled") {
    return (
      <p class="note" role="status">
        {said.cancelled}
      </p>
    );
  }
  const total = progress.segments_total;
  return (
    <section class="card stack standing" aria-label={said.statuses(status)}>
      <div class="row spread">
        <strong role="status">{said.statuses(status)}</strong>
        <span class="num soft">{ahead(job)}</span>
      </div>
      <progress class="bar" max="100" value={status === "queued" ? 0 : progress.percent} aria-label={said.statuses(status)} />
      <div class="row spread small soft num">
        <span>{total ? said.segments(count(progress.segments_done), count(total)) : status === "running" ? said.starting : ""}</span>
        <span>{total ? percent(progress.percent) : ""}</span>
      </div>
      <Latest watch={watch} />
    </section>
  );
}

/** Where it stands in the queue and how long it takes, as far as anybody can tell. */
function ahead({ status, queue_position: place, progress: { eta_s: eta } }: Job): string {
  const said = t.value.listen;
  if (status === "running") return eta === null ? "" : said.left(span(eta));
  if (place === null) return "";
  if (eta === null) return said.noWorker;
  return `${place === 1 ? said.next : said.place(count(place))} · ${said.begins(span(eta))}`;
}

/** The passage that was spoken last, in one line. */
function Latest({ watch }: { watch: Watch }) {
  const cue = watch.cues.value.at(-1);
  if (!cue) return null;
  return (
    <p class="latest clip" dir="auto">
      {watch.text.value?.slice(cue.start, cue.end)}
    </p>
  );
}
