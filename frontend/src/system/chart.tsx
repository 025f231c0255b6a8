import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { ChartCanvas, type ChartSpec } from "./chart-canvas";
import type { ChartColors } from "./chart-colors";
import { ChartTable } from "./chart-table";
import { Swatch } from "./swatch";

export interface ChartSeries {
  name: string;
  swatch: Parameters<typeof Swatch>[0]["kind"];
  /** The formatted values, one per label. */
  values: readonly string[];
  /** The formatted total. */
  total: string;
}

/** A chart with a summary, a legend and its data as a table, for people who cannot see the chart. */
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
  /** The name of a point: hour or day. */
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
        <strong>{index === null ? t.value.system.overall : labels[index]}</strong>
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
