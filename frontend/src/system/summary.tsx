import { t } from "../i18n";

export interface Figure {
  name: string;
  value: string;
  note?: string;
  isWord?: boolean;
}

/** A few numbers that one looks at first. */
export function Glance({ figures }: { figures: readonly Figure[] }) {
  return (
    <dl class="glance" aria-label={t.value.farm.atAGlance}>
      {figures.map((figure) => (
        <div key={figure.name}>
          <dt>{figure.name}</dt>
          <dd class={figure.isWord ? "word" : "num"}>{figure.value}</dd>
          {figure.note ? <dd class="soft small">{figure.note}</dd> : null}
        </div>
      ))}
    </dl>
  );
}
