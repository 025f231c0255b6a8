import { t } from "../i18n";
import { bytes } from "../i18n/formats";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { isForGpus, isNonCommercial, type Wanted } from "./download-sizes";
import type { Model } from "./types";

/** How much it is, and what one should know, before gigabytes come. */
export function AskDownload({
  model,
  wanted,
  name,
  onYes,
  onClose,
}: {
  model: Model;
  wanted: Wanted;
  name: string;
  onYes: () => void;
  onClose: () => void;
}) {
  const said = t.value.farm;
  return (
    <Dialog title={said.askDownload(name)} onClose={onClose}>
      {wanted.bytes === null ? null : <p>{said.askSize(bytes(wanted.bytes))}</p>}
      {isForGpus(model) ? <p>{said.askSlow}</p> : null}
      <p>
        {said.askLicence(model.license)} {isNonCommercial(model) ? <strong>{said.askNonCommercial}</strong> : null}
      </p>
      <div class="row answers">
        <Button kind="quiet" onPress={close}>
          {t.value.shell.cancel}
        </Button>
        <Button
          kind="primary"
          icon="download"
          onPress={(event) => {
            onYes();
            close(event);
          }}
        >
          {said.download}
        </Button>
      </div>
    </Dialog>
  );
}

/** By the dialog itself, which gives the focus back to where it was. */
function close(event: MouseEvent): void {
  (event.target as Element).closest("dialog")?.close();
}
