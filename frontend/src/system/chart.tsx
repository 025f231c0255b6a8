import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { ChartCanvas, type ChartSpec } from "./chart-canvas";
import type { ChartColors } from "./chart-colors";
import { ChartTable } from "./chart-table";
import { Swatch } from "./swatch";

export interface ChartSeries {
  name: string;
  swatch: Parameters<typeof Swatch>[0]["kind"];
  /** By place, as people read it. */
  values: readonly string[];
  /** Of all places together. */
  total: string;
}

/** A chart with what it says in a sentence, what its signs mean, and its numbers for who does not see it. */
export function Chart({
  title,
  summary,
  stepName,
  labels,
  series,
  draw,
  redrawKey,
}: {
  title: string;
  summary: string;
  /** What a place is called: an hour, a day. */
  stepName: string;
  labels: readonly string[];
  series: readonly ChartSeries[];
  draw: (colors: ChartColors) => ChartSpec;
  redrawKey: unknown;
}) {
  const id = useId();
  const [hovered, setHovered] = useState<number | null>(null);
  const index = hovered !== null && hovered < labels.length ? hovered : null;
  return (
    <figure class="card chart">
      <figcaption>
        <h3>{title}</h3>
        <p id={id} class="soft small">
          {summary}
        </p>
      </figcaption>
      <ChartCanvas draw={draw} redrawKey={redrawKey} label={title} describedBy={id} onHover={setHovered} />
      <div class="legend" aria-hidden="true">
        <strong>{index === null ? t.value.farm.inAll : labels[index]}</strong>
        {series.map((one) => (
          <span key={one.name}>
            <Swatch kind={one.swatch} />
            {one.name} <b class="num">{index === null ? one.total : one.values[index]}</b>
          </span>
        ))}
      </div>
      <ChartTable title={title} stepName={stepName} labels={labels} series={series} />
    </figure>
  );
}
