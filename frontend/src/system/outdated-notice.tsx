import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { formatAge } from "./formatting";
import type { PollResult } from "./polling";

/** Warns that the data shown is outdated: how old it is, and why the last poll failed. */
export function OutdatedNotice({ result }: { result: PollResult<unknown> }) {
  const { failure, loadedAtMs } = result;
  return (
    <div role="status">
      {failure && loadedAtMs !== null ? (
        <p class="note bad">
          <Icon name="warn" />
          <span>{describe(failure, formatAge((Date.now() - loadedAtMs) / 1000))}</span>
        </p>
      ) : null}
    </div>
  );
}

function describe(failure: NonNullable<PollResult<unknown>["failure"]>, when: string): string {
  const texts = t.value.system;
  return failure.status === 0 ? texts.staleSince(when) : texts.refused(when, explain(failure));
}
