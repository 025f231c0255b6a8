import { useEffect, useState } from "preact/hooks";
import { address } from "../api/client";
import { t } from "../i18n";
import { bytes, span } from "../i18n/formats";
import { tell } from "../state/notices";
import { begun, isActive, leftS, rateOf, told, type Fetching } from "./downloads";
import type { Download } from "./types";

/** A download that is under way. `listens` follows it by its events; otherwise it stands as it was read last. */
export function DownloadLine({
  download,
  name,
  listens,
  onEnd,
}: {
  download: Download;
  name: string;
  listens: boolean;
  onEnd: () => void;
}) {
  const said = t.value.farm;
  const heard = useFetching(download, listens);
  const now = heard ?? begun(download);
  useEffect(() => {
    if (heard === null || isActive(heard.status)) return;
    if (heard.status === "completed") tell(said.downloaded(name));
    onEnd();
  }, [heard?.status]);
  return (
    <li class="fetching">
      <span class="row spread">
        <span class="clip" dir="auto">
          {name}
        </span>{" "}
        <span class="soft small num">{now.status === "queued" ? said.waitsForWorker : paceOf(now)}</span>
      </span>
      <progress
        class="bar"
        aria-label={said.downloading(name)}
        {...(now.total > 0 ? { value: now.done, max: now.total } : {})}
      />
    </li>
  );
}

function paceOf(now: Fetching): string {
  const said = t.value.farm;
  const [rate, left] = [rateOf(now.samples), leftS(now)];
  return [
    now.total > 0 ? said.soFar(bytes(now.done), bytes(now.total)) : null,
    rate === null ? null : said.pace(bytes(rate)),
    left === null ? null : said.left(span(left)),
  ]
    .filter((part) => part !== null)
    .join(" · ");
}

const EVENTS = ["snapshot", "progress", "completed", "failed"] as const;

/** Null until the first event. A connection that breaks is made again by the browser, and begins with a snapshot. */
function useFetching(download: Download, listens: boolean): Fetching | null {
  const [heard, setHeard] = useState<Fetching | null>(null);
  useEffect(() => {
    if (!listens) {
      setHeard(null);
      return;
    }
    const source = new EventSource(address(`/models/downloads/${encodeURIComponent(download.id)}/events`));
    const onEvent = (event: MessageEvent<string>): void => {
      setHeard((now) => told(now ?? begun(download), event.type, JSON.parse(event.data) as object, Date.now()));
      if (event.type === "completed" || event.type === "failed") source.close();
    };
    for (const name of EVENTS) source.addEventListener(name, onEvent);
    return () => source.close();
  }, [download.id, listens]);
  return heard;
}
