import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { setupCommand } from "./model-workers";
import type { Model } from "./types";

/** Explains how to set up a worker for a model: weights alone are not enough. */
export function WorkerSetupNote({ model }: { model: Model }) {
  const texts = t.value.system;
  const command = setupCommand(model.alias);
  return (
    <div class="note">
      <Icon name="settings" />
      <div>
        <p>{command ? texts.needsSetup(model.name) : texts.needsWorker(model.name)}</p>
        <p>
          <code>{command ?? `oratio worker --models ${model.alias}`}</code>
        </p>
        {command ? <p class="small">{texts.thenStart}</p> : null}
      </div>
    </div>
  );
}
