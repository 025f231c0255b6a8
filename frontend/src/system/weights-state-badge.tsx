import { t } from "../i18n";
import { Icon, type IconName } from "../ui/icon";
import type { Model } from "./types";

const STYLES: Record<Model["state"], { kind: string; icon: IconName }> = {
  absent: { kind: "", icon: "download" },
  partial: { kind: "warn", icon: "clock" },
  complete: { kind: "good", icon: "check" },
};

/** Shows how much of a model is downloaded, by text, icon and colour. */
export function WeightsStateBadge({ state }: { state: Model["state"] }) {
  const style = STYLES[state];
  return (
    <span class={`badge ${style.kind}`}>
      <Icon name={style.icon} />
      {t.value.farm[state]}
    </span>
  );
}
