/** The screen of one recording: its progress while the job runs, then its waveform, text and details. */

import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Failure } from "../api/client";
import { t } from "../i18n";
import { announce } from "../state/announcements";
import { pageTitle } from "../state/page-title";
import { generatedS, offered, stop, track } from "../state/player";
import { go, link, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { EmptyState, ErrorState, Skeleton } from "../ui/state";
import { Actions } from "./actions";
import { Details } from "./details";
import { Heading } from "./heading";
import { JobStatus, Warnings } from "./job-status";
import { JobWatcher } from "./job-watcher";
import { canPlay, playFrom, trackOf } from "./playback";
import { Transcript } from "./transcript";
import { Waveform } from "./waveform";
import "./listen.css";

export function Listen() {
  const id = route.value.id ?? "";
  const watcher = useMemo(() => new JobWatcher(id), [id]);
  useEffect(() => () => watcher.close(), [watcher]);
  useEffect(() => {
    if (!voices.value) void loadVoices();
  }, []);
  return <RecordingScreen key={id} watcher={watcher} />;
}

function RecordingScreen({ watcher }: { watcher: JobWatcher }) {
  const messages = t.value.listen;
  const { job, recording, failure } = watcher;
  const status = job.value?.status;
  useEffect(() => {
    if (status === "failed" || status === "cancelled") stop(watcher.id);
  }, [status]);
  const title = watcher.title.value;
  useEffect(() => {
    pageTitle.value = title || null;
    return () => (pageTitle.value = null);
  }, [title]);
  useEffect(() => {
    offered.value = canPlay(watcher) ? trackOf(watcher) : null;
    return () => (offered.value = null);
  }, [recording.value, status]);
  const segments = watcher.segments.value;
  const isTrack = track.value?.jobId === watcher.id;
  useEffect(() => {
    if (isTrack) generatedS.value = segments.at(-1)?.endS ?? 0;
  }, [isTrack, segments]);
  useAnnouncedStatus(status);
  if (failure.value) return <LoadFailure failure={failure.value} onRetry={() => void watcher.reload()} />;
  if (watcher.text.value === null) {
    return (
      <div class="screen">
        <h1 class="visually-hidden">{t.value.shell.listen}</h1>
        {watcher.isDisconnected.value ? <ConnectionLost /> : null}
        <Skeleton lines={6} />
      </div>
    );
  }
  const audio = recording.value;
  return (
    <div class="screen listen">
      <header class="stack listen-head">
        <a class="back small" href={link("library")}>
          <Icon name="back" />
          {messages.back}
        </a>
        <Heading watcher={watcher} />
        <Actions watcher={watcher} />
      </header>
      {watcher.isDisconnected.value ? <ConnectionLost /> : null}
      <Warnings watcher={watcher} />
      {audio ? (
        <section class="card">
          <Waveform
            audio={{ jobId: watcher.id, format: audio.format, durationS: audio.duration_s }}
            segments={watcher.segments.value}
            onSeek={(positionS) => playFrom(watcher, positionS)}
          />
        </section>
      ) : job.value ? (
        <JobStatus job={job.value} watcher={watcher} />
      ) : null}
      <div class="listen-body">
        <Transcript watcher={watcher} onSeek={(segment) => playFrom(watcher, segment.startS)} />
        <Details watcher={watcher} />
      </div>
    </div>
  );
}

/** Tells screen readers that a job which was followed here has begun or ended. */
function useAnnouncedStatus(status: string | undefined): void {
  const previous = useRef(status);
  useEffect(() => {
    if (status && previous.current && previous.current !== status) announce(t.value.listen.announced(status));
    previous.current = status;
  }, [status]);
}

function ConnectionLost() {
  return (
    <p class="note" role="status">
      <Icon name="spinner" class="spin" />
      {t.value.listen.connectionLost}
    </p>
  );
}

function LoadFailure({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const messages = t.value.listen;
  return (
    <div class="screen">
      <h1 class="visually-hidden">{t.value.shell.listen}</h1>
      {failure.isGone ? (
        <EmptyState icon="listen" title={messages.notFound}>
          <p>{messages.notFoundHint}</p>
          <Button onPress={() => go(link("library"))}>{messages.toLibrary}</Button>
        </EmptyState>
      ) : (
        <ErrorState failure={failure} onRetry={onRetry} />
      )}
    </div>
  );
}
