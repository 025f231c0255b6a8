import { useState } from "preact/hooks";
import { t } from "../i18n";

/** What a chart shows, as a table. */
export function Numbers({
  title,
  step,
  names,
  series,
}: {
  title: string;
  step: string;
  names: readonly string[];
  /** Each with its values by place, as people read them. */
  series: readonly { name: string; values: readonly string[] }[];
}) {
  const said = t.value.farm;
  const [open, setOpen] = useState(false);
  return (
    <details class="more" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>{said.asTable}</summary>
      {open ? (
        <div class="scroller tall" role="region" aria-label={said.scrolls(title)} tabIndex={0}>
          <table class="table">
            <caption class="aside">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{step}</th>
                {series.map((one) => (
                  <th key={one.name} scope="col" class="end">
                    {one.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {names.map((name, place) => (
                <tr key={place}>
                  <th scope="row">{name}</th>
                  {series.map((one) => (
                    <td key={one.name} class="end">
                      {one.values[place]}
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
