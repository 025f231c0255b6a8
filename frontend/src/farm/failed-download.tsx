import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { ago } from "./amounts";
import { ageS } from "./crew";
import { reasonOf } from "./downloads";
import type { Download } from "./types";

/** Why a download failed: in words that help, and then in those of the worker. */
export function FailedDownload({ download, name }: { download: Download; name: string }) {
  const said = t.value.farm;
  return (
    <div class="note bad failed">
      <Icon name="warn" />
      <div>
        <p>
          <strong>{said.downloadFailed(name)}</strong>{" "}
          <span class="soft small">{ago(ageS(download.finished_at ?? download.updated_at, Date.now()) ?? 0)}</span>
        </p>
        <p>{said[reasonOf(download.error_code)]}</p>
        {download.error_message ? (
          <p class="soft small" dir="auto">
            {download.error_message}
          </p>
        ) : null}
      </div>
    </div>
  );
}
