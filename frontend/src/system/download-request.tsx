/** Starts a download of a model or of one set of weights. It asks before a large one. */

import type { ComponentChild } from "preact";
import { useState } from "preact/hooks";
import { DownloadDialog } from "./download-dialog";
import { type DownloadRequest, needsConfirmation } from "./download-sizes";
import { downloadModel } from "./model-commands";
import type { Model } from "./types";

export function useDownloadRequest(
  model: Model,
  onChanged: () => void,
): {
  requestDownload: (request: DownloadRequest, name: string) => void;
  /** Null while it asks nothing. */
  dialog: ComponentChild;
} {
  const [pending, setPending] = useState<{ request: DownloadRequest; name: string } | null>(null);
  const start = (request: DownloadRequest, name: string): void =>
    void downloadModel(request.name, name).then(onChanged);
  const requestDownload = (request: DownloadRequest, name: string): void => {
    if (needsConfirmation(request, model)) setPending({ request, name });
    else start(request, name);
  };
  const dialog = pending ? (
    <DownloadDialog
      {...pending}
      model={model}
      onConfirm={() => start(pending.request, pending.name)}
      onClose={() => setPending(null)}
    />
  ) : null;
  return { requestDownload, dialog };
}
