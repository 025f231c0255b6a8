import { t } from "../i18n";
import { Icon, type IconName } from "../ui/icon";
import type { Model } from "./types";

const STYLES: Record<
  Model["state"],
  { kind: string; icon: IconName; textKey: "notDownloaded" | "partial" | "complete" }
> = {
  absent: { kind: "", icon: "download", textKey: "notDownloaded" },
  partial: { kind: "warn", icon: "clock", textKey: "partial" },
  complete: { kind: "good", icon: "check", textKey: "complete" },
};

/** Shows how much of a model is downloaded, by text, icon and colour. */
export function WeightsStateBadge({ state }: { state: Model["state"] }) {
  const style = STYLES[state];
  return (
    <span class={`badge ${style.kind}`}>
      <Icon name={style.icon} />
      {t.value.system[style.textKey]}
    </span>
  );
}
