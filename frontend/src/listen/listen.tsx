/** One recording: watched while it is spoken, heard, read along, and looked after. */

import { useEffect, useMemo } from "preact/hooks";
import type { Failure } from "../api/client";
import { t } from "../i18n";
import { stop } from "../state/player";
import { go, link, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { Empty, Skeleton, Trouble } from "../ui/state";
import { Actions } from "./actions";
import { Details } from "./details";
import { Heading } from "./heading";
import { hear } from "./playback";
import { Reading } from "./transcript";
import { Standing, Warnings } from "./job-status";
import { Watch } from "./job-watcher";
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

function Lost() {
  return (
    <p class="note" role="status">
      <Icon name="spinner" class="spin" />
      {t.value.listen.connectionLost}
    </p>
  );
}

function Missing({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const said = t.value.listen;
  return (
    <div class="screen">
      <h1 class="aside">{t.value.shell.listen}</h1>
      {failure.isGone ? (
        <Empty icon="listen" title={said.notFound}>
          <p>{said.notFoundHint}</p>
          <Button onPress={() => go(link("library"))}>{said.toLibrary}</Button>
        </Empty>
      ) : (
        <Trouble failure={failure} onRetry={onRetry} />
      )}
    </div>
  );
}
