import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Icon } from "../ui/icon";
import { ago } from "./formatting";
import { ageS } from "./worker-groups";
import type { Cause } from "./downloads";
import type { Download } from "./types";

/** Why downloads failed: in words that help, and then in those of the workers. */
export function FailedDownloads({ cause, nameOf }: { cause: Cause; nameOf: (download: Download) => string }) {
  const said = t.value.farm;
  const names = cause.failed.map(nameOf);
  const [only = ""] = names;
  return (
    <div class="note bad failed">
      <Icon name="warn" />
      <div>
        <p>
          <strong>{names.length === 1 ? said.downloadFailed(only) : said.downloadsFailed(count(names.length))}</strong>{" "}
          <span class="soft small">{ago(ageS(cause.endedAt, Date.now()) ?? 0)}</span>
        </p>
        {names.length === 1 ? null : (
          <p class="small">
            <bdi>{names.join(", ")}</bdi>
          </p>
        )}
        <p>{said[cause.reason]}</p>
        <Messages messages={cause.messages} />
      </div>
    </div>
  );
}

/** Of several downloads the workers say about the same: who wants to know it unfolds it. */
function Messages({ messages }: { messages: readonly string[] }) {
  const told = messages.map((message) => (
    <p key={message} class="soft small" dir="auto">
      {message}
    </p>
  ));
  if (messages.length < 2) return <>{told}</>;
  return (
    <details class="more">
      <summary>{t.value.farm.workersSay}</summary>
      {told}
    </details>
  );
}
