import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Icon } from "../ui/icon";
import type { FailureGroup } from "./downloads";
import { ageS, formatAge } from "./formatting";
import type { Download } from "./types";

/** Explains why downloads failed, and shows the error messages of the workers. */
export function FailedDownloads({
  group,
  nameOf,
}: {
  group: FailureGroup;
  nameOf: (download: Download) => string;
}) {
  const texts = t.value.system;
  const names = group.downloads.map(nameOf);
  const [firstName = ""] = names;
  return (
    <div class="note bad failed">
      <Icon name="warn" />
      <div>
        <p>
          <strong>
            {names.length === 1
              ? texts.downloadFailed(firstName)
              : texts.downloadsFailed(count(names.length))}
          </strong>{" "}
          <span class="soft small">{formatAge(ageS(group.endedAt, Date.now()) ?? 0)}</span>
        </p>
        {names.length === 1 ? null : (
          <p class="small">
            <bdi>{names.join(", ")}</bdi>
          </p>
        )}
        <p>{texts[group.reason]}</p>
        <WorkerMessages messages={group.messages} />
      </div>
    </div>
  );
}

/** The error messages. Several are collapsed, because they say nearly the same. */
function WorkerMessages({ messages }: { messages: readonly string[] }) {
  const paragraphs = messages.map((message) => (
    <p key={message} class="soft small" dir="auto">
      {message}
    </p>
  ));
  if (messages.length < 2) return <>{paragraphs}</>;
  return (
    <details class="more">
      <summary>{t.value.system.workerMessages}</summary>
      {paragraphs}
    </details>
  );
}
