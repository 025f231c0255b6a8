import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { needsGpu, isNonCommercial, type DownloadRequest } from "./download-sizes";
import type { Model } from "./types";

/** How much it is, and what one should know, before gigabytes come. */
export function DownloadDialog({
  model,
  request,
  name,
  onConfirm,
  onClose,
}: {
  model: Model;
  request: DownloadRequest;
  name: string;
  onConfirm: () => void;
  onClose: () => void;
}) {
  const texts = t.value.farm;
  return (
    <Dialog title={texts.askDownload(name)} onClose={onClose}>
      {request.bytes === null ? null : <p>{texts.askSize(bytes(request.bytes))}</p>}
      {needsGpu(model) ? <p>{texts.askSlow}</p> : null}
      <p>
        {texts.askLicence(model.license)} {isNonCommercial(model) ? <strong>{texts.askNonCommercial}</strong> : null}
      </p>
      <div class="row dialog-actions">
        <Button kind="quiet" onPress={close}>
          {t.value.shell.cancel}
        </Button>
        <Button
          kind="primary"
          icon="download"
          onPress={(event) => {
            onConfirm();
            close(event);
          }}
        >
          {texts.download}
        </Button>
      </div>
    </Dialog>
  );
}

/** By the dialog itself, which gives the focus back to where it was. */
function close(event: MouseEvent): void {
  (event.target as Element).closest("dialog")?.close();
}
