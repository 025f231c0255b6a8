import { t } from "../i18n";
import { Icon, type IconName } from "../ui/icon";
import type { ServedModel } from "./types";
import { modelStatus, type ModelStatus } from "./worker-groups";

const STYLES: Record<
  ModelStatus,
  { kind: string; icon: IconName; textKey: "error" | "inUse" | "isLoaded" | "notLoaded" }
> = {
  trouble: { kind: "bad", icon: "warn", textKey: "error" },
  in_use: { kind: "accent", icon: "listen", textKey: "inUse" },
  loaded: { kind: "good", icon: "check", textKey: "isLoaded" },
  unloaded: { kind: "", icon: "clock", textKey: "notLoaded" },
};

/** Shows the status of a model on a worker, by text, icon and colour. */
export function ModelStatusBadge({ model }: { model: Pick<ServedModel, "loaded" | "in_use" | "trouble"> }) {
  const style = STYLES[modelStatus(model)];
  return (
    <span class={`badge ${style.kind}`}>
      <Icon name={style.icon} />
      {t.value.system[style.textKey]}
    </span>
  );
}
