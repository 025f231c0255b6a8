import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { setupOf } from "./model-workers";
import type { Model } from "./types";

/** What to do so that somebody speaks with it: weights alone do not. */
export function NotServed({ model }: { model: Model }) {
  const said = t.value.farm;
  const setup = setupOf(model.alias);
  return (
    <div class="note">
      <Icon name="settings" />
      <div>
        <p>{setup ? said.wantsSetup(model.name) : said.wantsWorker(model.name)}</p>
        <p>
          <code>{setup ?? `oratio worker --models ${model.alias}`}</code>
        </p>
        {setup ? <p class="small">{said.thenStart}</p> : null}
      </div>
    </div>
  );
}
