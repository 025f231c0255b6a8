import { t } from "../i18n";
import { modelName } from "../state/models";

/** The model that spoke a recording, or that it is only a beep, which no model spoke. */
export function Speaker({ model, isBeep }: { model: string; isBeep: boolean }) {
  if (isBeep) return <span class="badge warn">{t.value.library.beep}</span>;
  return (
    <span class="clip soft small">
      <bdi>{modelName(model)}</bdi>
    </span>
  );
}
