import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { Button } from "../ui/button";
import { closeDialog, Dialog } from "../ui/dialog";
import { type DownloadRequest, isNonCommercial, needsGpu } from "./download-sizes";
import type { Model } from "./types";

/** Asks before a large download: shows its size, its licence and whether it needs a GPU. */
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
  const texts = t.value.system;
  return (
    <Dialog title={texts.askDownload(name)} onClose={onClose}>
      {request.bytes === null ? null : <p>{texts.askSize(bytes(request.bytes))}</p>}
      {needsGpu(model) ? <p>{texts.askSlow}</p> : null}
      <p>
        {texts.askLicence(model.license)}{" "}
        {isNonCommercial(model) ? <strong>{texts.askNonCommercial}</strong> : null}
      </p>
      <div class="row dialog-actions">
        <Button kind="quiet" onPress={closeDialog}>
          {t.value.shell.cancel}
        </Button>
        <Button
          kind="primary"
          icon="download"
          onPress={(event) => {
            onConfirm();
            closeDialog(event);
          }}
        >
          {texts.download}
        </Button>
      </div>
    </Dialog>
  );
}
