import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { count, span } from "../i18n/formats";
import { Icon } from "../ui/icon";
import { recordings } from "./recordings";
import { loadRetention, retention } from "./retention";

/** How many recordings there are and how long they are kept, with a warning before some are deleted. */
export function RetentionNote() {
  useEffect(() => void loadRetention(), [recordings.rows.value.length]);
  const limits = retention.value;
  if (!limits || limits.recordings === 0) return null;
  const texts = t.value.library;
  const { max_age_hours: hours, max_recordings: most, recordings: total, kept, due } = limits;
  const left = [texts.total(total, count(total)), kept ? texts.keptTotal(kept, count(kept)) : ""];
  return (
    <div class="retention">
      <p class="small soft num">
        {left.filter(Boolean).join(" · ")}
        {". "}
        {texts.limits(hours === null ? "" : span(hours * 3600), most === null ? "" : count(most))}
      </p>
      {due ? (
        <p class="note small" role="status">
          <Icon name="warn" />
          <span>{texts.dueSoon(due, count(due))}</span>
        </p>
      ) : null}
    </div>
  );
}
