import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { Canvas, type Drawing } from "./chart-canvas";
import type { Ink } from "./chart-colors";
import { Numbers } from "./chart-table";
import { Swatch } from "./swatch";

export interface Shown {
  name: string;
  look: Parameters<typeof Swatch>[0]["look"];
  /** By place, as people read it. */
  values: readonly string[];
  /** Of all places together. */
  inAll: string;
}

/** A chart with what it says in a sentence, what its signs mean, and its numbers for who does not see it. */
export function Chart({
  title,
  summary,
  step,
  names,
  series,
  draw,
  of,
}: {
  title: string;
  summary: string;
  /** What a place is called: an hour, a day. */
  step: string;
  names: readonly string[];
  series: readonly Shown[];
  draw: (ink: Ink) => Drawing;
  of: unknown;
}) {
  const id = useId();
  const [pointed, setPointed] = useState<number | null>(null);
  const at = pointed !== null && pointed < names.length ? pointed : null;
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <p id={id} class="soft small">
          {summary}
        </p>
      </figcaption>
      <Canvas draw={draw} of={of} label={title} describedBy={id} onPoint={setPointed} />
      <div class="legend" aria-hidden="true">
        <strong>{at === null ? t.value.farm.inAll : names[at]}</strong>
        {series.map((one) => (
          <span key={one.name}>
            <Swatch look={one.look} />
            {one.name} <b class="num">{at === null ? one.inAll : one.values[at]}</b>
          </span>
        ))}
      </div>
      <Numbers title={title} step={step} names={names} series={series} />
    </figure>
  );
}
