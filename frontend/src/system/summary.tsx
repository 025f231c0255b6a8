import { t } from "../i18n";

export interface SummaryItem {
  name: string;
  value: string;
  note?: string;
  isText?: boolean;
}

/** The key numbers at the top of a tab. */
export function Summary({ items }: { items: readonly SummaryItem[] }) {
  return (
    <dl class="summary-list" aria-label={t.value.system.overview}>
      {items.map((item) => (
        <div key={item.name}>
          <dt>{item.name}</dt>
          <dd class={item.isText ? "text" : "num"}>{item.value}</dd>
          {item.note ? <dd class="soft small">{item.note}</dd> : null}
        </div>
      ))}
    </dl>
  );
}
