import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { ago } from "./formatting";
import type { Reading } from "./polling";

/** What is shown is older than it should be: how old, and why. */
export function Stale({ reading }: { reading: Reading<unknown> }) {
  const { failure, readAtMs } = reading;
  return (
    <div role="status">
      {failure && readAtMs !== null ? (
        <p class="note bad">
          <Icon name="warn" />
          <span>{inWords(failure, ago((Date.now() - readAtMs) / 1000))}</span>
        </p>
      ) : null}
    </div>
  );
}

function inWords(failure: NonNullable<Reading<unknown>["failure"]>, when: string): string {
  const said = t.value.farm;
  return failure.status === 0 ? said.staleSince(when) : said.refused(when, explain(failure));
}
