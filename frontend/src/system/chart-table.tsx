import { useState } from "preact/hooks";
import { t } from "../i18n";

/** The data of a chart as a table. */
export function ChartTable({
  title,
  stepName,
  labels,
  series,
}: {
  title: string;
  stepName: string;
  labels: readonly string[];
  /** Each with its formatted values, one per label. */
  series: readonly { name: string; values: readonly string[] }[];
}) {
  const texts = t.value.system;
  const [open, setOpen] = useState(false);
  return (
    <details class="more" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>{texts.asTable}</summary>
      {open ? (
        <div class="scroller tall" role="region" aria-label={texts.scrolls(title)} tabIndex={0}>
          <table class="table">
            <caption class="visually-hidden">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{stepName}</th>
                {series.map((one) => (
                  <th key={one.name} scope="col" class="end">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {labels.map((name, index) => (
                <tr key={index}>
                  <th scope="row">{name}</th>
                  {series.map((one) => (
                    <td key={one.name} class="end">
                      {one.values[index]}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </details>
  );
}
