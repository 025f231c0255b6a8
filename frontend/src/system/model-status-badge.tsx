import { t } from "../i18n";
import { Icon, type IconName } from "../ui/icon";
import { standingOf, type Standing } from "./worker-groups";
import type { ServedModel } from "./types";

const LOOKS: Record<Standing, { kind: string; icon: IconName; word: "inTrouble" | "inUse" | "isLoaded" | "asleep" }> = {
  trouble: { kind: "bad", icon: "warn", word: "inTrouble" },
  in_use: { kind: "accent", icon: "listen", word: "inUse" },
  loaded: { kind: "good", icon: "check", word: "isLoaded" },
  asleep: { kind: "", icon: "clock", word: "asleep" },
};

/** How a model is on a worker, by a word, a shape and a colour. */
export function StandingBadge({ model }: { model: Pick<ServedModel, "loaded" | "in_use" | "trouble"> }) {
  const look = LOOKS[standingOf(model)];
  return (
    <span class={`badge ${look.kind}`}>
      <Icon name={look.icon} />
      {t.value.farm[look.word]}
    </span>
  );
}
