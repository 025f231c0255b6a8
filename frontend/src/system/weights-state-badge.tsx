import { t } from "../i18n";
import { Icon, type IconName } from "../ui/icon";
import type { Model } from "./types";

const LOOKS: Record<Model["state"], { kind: string; icon: IconName }> = {
  absent: { kind: "", icon: "download" },
  partial: { kind: "warn", icon: "clock" },
  complete: { kind: "good", icon: "check" },
};

/** What is here of a model, by a word, a shape and a colour. */
export function StateBadge({ state }: { state: Model["state"] }) {
  const look = LOOKS[state];
  return (
    <span class={`badge ${look.kind}`}>
      <Icon name={look.icon} />
      {t.value.farm[state]}
    </span>
  );
}
