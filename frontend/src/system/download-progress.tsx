import { useEffect, useState } from "preact/hooks";
import { serviceUrl } from "../api/client";
import { t } from "../i18n";
import { bytes, span } from "../i18n/formats";
import { showNotice } from "../state/notices";
import {
  applyEvent,
  bytesPerSecond,
  type DownloadState,
  initialState,
  isActive,
  remainingS,
} from "./downloads";
import type { Download } from "./types";

/** A download in progress. With `followsEvents` it updates by server-sent events, otherwise with each poll. */
export function DownloadProgress({
  download,
  name,
  followsEvents,
  onEnd,
}: {
  download: Download;
  name: string;
  followsEvents: boolean;
  onEnd: () => void;
}) {
  const texts = t.value.system;
  const liveState = useDownloadEvents(download, followsEvents);
  const state = liveState ?? initialState(download);
  useEffect(() => {
    if (liveState === null || isActive(liveState.status)) return;
    if (liveState.status === "completed") showNotice(texts.downloaded(name));
    onEnd();
  }, [liveState?.status]);
  return (
    <li class="download">
      <span class="row spread">
        <span class="clip" dir="auto">
          {name}
        </span>{" "}
        <span class="soft small num">
          {state.status === "queued" ? texts.waitsForWorker : progressText(state)}
        </span>
      </span>
      <progress
        class="bar"
        aria-label={texts.downloading(name)}
        {...(state.bytesTotal > 0 ? { value: state.bytesDone, max: state.bytesTotal } : {})}
      />
    </li>
  );
}

function progressText(state: DownloadState): string {
  const texts = t.value.system;
  const [rate, left] = [bytesPerSecond(state.samples), remainingS(state)];
  return [
    state.bytesTotal > 0 ? texts.progress(bytes(state.bytesDone), bytes(state.bytesTotal)) : null,
    rate === null ? null : texts.rate(bytes(rate)),
    left === null ? null : texts.left(span(left)),
  ]
    .filter((part) => part !== null)
    .join(" · ");
}

const EVENTS = ["snapshot", "progress", "completed", "failed"] as const;

/** Returns null until the first event. The browser reconnects by itself, and a new stream starts with a snapshot. */
function useDownloadEvents(download: Download, followsEvents: boolean): DownloadState | null {
  const [liveState, setLiveState] = useState<DownloadState | null>(null);
  useEffect(() => {
    if (!followsEvents) {
      setLiveState(null);
      return;
    }
    const source = new EventSource(serviceUrl(`/models/downloads/${encodeURIComponent(download.id)}/events`));
    const onEvent = (event: MessageEvent<string>): void => {
      setLiveState((state) =>
        applyEvent(state ?? initialState(download), event.type, JSON.parse(event.data) as object, Date.now()),
      );
      if (event.type === "completed" || event.type === "failed") source.close();
    };
    for (const name of EVENTS) source.addEventListener(name, onEvent);
    return () => source.close();
  }, [download.id, followsEvents]);
  return liveState;
}
