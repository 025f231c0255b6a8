/** Taking a recording along: as it was spoken, in another format that a worker makes, or its subtitles. */

import { useState } from "preact/hooks";
import { address, answer, api, Failure } from "../api/client";
import { FORMATS, formatName, type Format } from "../api/formats";
import { otherFormat } from "../api/transcode";
import { t } from "../i18n";
import { tell } from "../state/notices";
import { Button } from "./button";
import { Menu } from "./menu";
import { fileName, save, saveBlob } from "./file-download";
import { explain } from "./state";

interface Downloadable {
  jobId: string;
  /** The one it was spoken in. */
  format: string;
  /** What the file is named by. */
  title?: string;
}

type Captions = "srt" | "vtt";

export function DownloadMenu({
  jobId,
  format: original,
  title = "",
  label,
  ...look
}: Downloadable & {
  /** Its name where only the icon is seen. */
  label?: string;
  text?: string;
  kind?: "plain" | "quiet" | "primary";
  compact?: boolean;
  tabIndex?: number | undefined;
}) {
  const recording = { jobId, format: original, title };
  const [busy, setBusy] = useState(0);
  const said = t.value.shell;
  const run = async (task: Promise<void>): Promise<void> => {
    setBusy((n) => n + 1);
    await task;
    setBusy((n) => n - 1);
  };
  return (
    <Menu {...look} icon="download" label={label ?? said.downloads} busy={busy > 0}>
      <Item onPress={() => saveOriginal(recording)}>
        {formatName(original)} <span class="soft">{said.asSpoken}</span>
      </Item>
      {FORMATS.filter((format) => format !== original).map((format) => (
        <Item key={format} onPress={() => void run(saveAs(recording, format))}>
          {formatName(format)}
        </Item>
      ))}
      <hr />
      <Item onPress={() => void run(saveCaptions(recording, "srt"))}>{said.captionsSrt}</Item>
      <Item onPress={() => void run(saveCaptions(recording, "vtt"))}>{said.captionsVtt}</Item>
    </Menu>
  );
}

function Item({ onPress, children }: { onPress: () => void; children: preact.ComponentChildren }) {
  return (
    <Button kind="quiet" onPress={onPress}>
      {children}
    </Button>
  );
}

function saveOriginal({ jobId, title, format }: Required<Downloadable>): void {
  save(address(`/jobs/${encodeURIComponent(jobId)}/audio`), fileName(title, format));
}

/** Made first where it is not there yet, which may take a while: somebody is told. */
async function saveAs({ jobId, title }: Required<Downloadable>, format: Format): Promise<void> {
  const said = t.value.shell;
  let dismiss: () => void = () => undefined;
  const slow = setTimeout(() => {
    dismiss = tell(said.preparing(formatName(format)), { staysMs: 0 });
  }, 700);
  try {
    save(address(await otherFormat(jobId, format)), fileName(title, format));
  } catch (cause) {
    const lacking = cause instanceof Failure && cause.code === "format_unavailable";
    complain(lacking ? said.noFormat(formatName(format)) : reason(cause));
  } finally {
    clearTimeout(slow);
    dismiss();
  }
}

async function saveCaptions({ jobId, title }: Required<Downloadable>, kind: Captions): Promise<void> {
  const params = { path: { job_id: jobId } };
  const asked =
    kind === "srt"
      ? api.GET("/jobs/{job_id}/captions.srt", { params, parseAs: "blob" })
      : api.GET("/jobs/{job_id}/captions.vtt", { params, parseAs: "blob" });
  try {
    saveBlob((await answer(asked as Promise<{ data?: Blob }>)), fileName(title, kind));
  } catch (cause) {
    complain(reason(cause));
  }
}

function reason(cause: unknown): string {
  return cause instanceof Failure ? explain(cause) : String(cause);
}

function complain(text: string): void {
  tell(text, { kind: "bad" });
}
