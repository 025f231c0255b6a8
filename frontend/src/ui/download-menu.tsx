/** A menu that downloads a recording: in its own format, in another one that a worker makes, or as captions. */

import { useState } from "preact/hooks";
import { api, dataOf, Failure, serviceUrl } from "../api/client";
import { type Format, formatName, FORMATS } from "../api/formats";
import { transcode } from "../api/transcode";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { Button } from "./button";
import { downloadBlob, downloadUrl, fileName } from "./file-download";
import { Menu } from "./menu";
import { explain } from "./state";

interface Downloadable {
  jobId: string;
  /** The original format of the recording. */
  format: string;
  /** The file is named after it. */
  title?: string;
}

type Captions = "srt" | "vtt";

export function DownloadMenu({
  jobId,
  format: original,
  title = "",
  label,
  ...menuProps
}: Downloadable & {
  /** The accessible name of the button, which shows only an icon. */
  label?: string;
  text?: string;
  kind?: "plain" | "quiet" | "primary";
  compact?: boolean;
  tabIndex?: number | undefined;
}) {
  const recording = { jobId, format: original, title };
  const [busy, setBusy] = useState(0);
  const texts = t.value.shell;
  const run = async (task: Promise<void>): Promise<void> => {
    setBusy((n) => n + 1);
    await task;
    setBusy((n) => n - 1);
  };
  return (
    <Menu {...menuProps} icon="download" label={label ?? texts.downloads} busy={busy > 0}>
      <MenuItem onPress={() => saveOriginal(recording)}>
        {formatName(original)} <span class="soft">{texts.originalFormat}</span>
      </MenuItem>
      {FORMATS.filter((format) => format !== original).map((format) => (
        <MenuItem key={format} onPress={() => void run(saveAs(recording, format))}>
          {formatName(format)}
        </MenuItem>
      ))}
      <hr />
      <MenuItem onPress={() => void run(saveCaptions(recording, "srt"))}>{texts.captionsSrt}</MenuItem>
      <MenuItem onPress={() => void run(saveCaptions(recording, "vtt"))}>{texts.captionsVtt}</MenuItem>
    </Menu>
  );
}

function MenuItem({ onPress, children }: { onPress: () => void; children: preact.ComponentChildren }) {
  return (
    <Button kind="quiet" onPress={onPress}>
      {children}
    </Button>
  );
}

function saveOriginal({ jobId, title, format }: Required<Downloadable>): void {
  downloadUrl(serviceUrl(`/jobs/${encodeURIComponent(jobId)}/audio`), fileName(title, format));
}

/** Downloads a recording in another format. Shows a notice if a worker has to make it first and that takes a while. */
async function saveAs({ jobId, title }: Required<Downloadable>, format: Format): Promise<void> {
  const texts = t.value.shell;
  let dismiss: () => void = () => undefined;
  const timer = setTimeout(() => {
    dismiss = showNotice(texts.preparing(formatName(format)), { staysMs: 0 });
  }, 700);
  try {
    downloadUrl(serviceUrl(await transcode(jobId, format)), fileName(title, format));
  } catch (cause) {
    const isUnavailable = cause instanceof Failure && cause.code === "format_unavailable";
    showError(isUnavailable ? texts.noFormat(formatName(format)) : errorText(cause));
  } finally {
    clearTimeout(timer);
    dismiss();
  }
}

async function saveCaptions({ jobId, title }: Required<Downloadable>, kind: Captions): Promise<void> {
  const params = { path: { job_id: jobId } };
  const request =
    kind === "srt"
      ? api.GET("/jobs/{job_id}/captions.srt", { params, parseAs: "blob" })
      : api.GET("/jobs/{job_id}/captions.vtt", { params, parseAs: "blob" });
  try {
    downloadBlob(await dataOf(request as Promise<{ data?: Blob }>), fileName(title, kind));
  } catch (cause) {
    showError(errorText(cause));
  }
}

function errorText(cause: unknown): string {
  return cause instanceof Failure ? explain(cause) : String(cause);
}

function showError(text: string): void {
  showNotice(text, { kind: "bad" });
}
