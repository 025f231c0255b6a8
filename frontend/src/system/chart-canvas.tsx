/** Draws a chart with uPlot, and redraws it when the theme, the width or the language changes. */

import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language } from "../i18n";
import { theme } from "../state/appearance";
import { type ChartColors, readColors } from "./chart-colors";

export interface ChartSpec {
  options: Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
}

const HEIGHT = 220;

export function ChartCanvas({
  draw,
  redrawKey,
  label,
  describedBy,
  onHover,
}: {
  draw: (colors: ChartColors) => ChartSpec;
  /** The chart is redrawn when this value changes. */
  redrawKey: unknown;
  label: string;
  describedBy: string;
  /** Called with the index under the pointer, or null. */
  onHover: (index: number | null) => void;
}) {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = container.current;
    if (!element) return;
    let plot = createPlot(element, draw(readColors(element)), onHover);
    const redraw = (): void => {
      plot.destroy();
      plot = createPlot(element, draw(readColors(element)), onHover);
    };
    const resizeObserver = new ResizeObserver(() => {
      if (element.clientWidth && element.clientWidth !== plot.width)
        plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resizeObserver.observe(element);
    const darkScheme = matchMedia("(prefers-color-scheme: dark)");
    darkScheme.addEventListener("change", redraw);
    // The font of the labels may load after the first drawing.
    void document.fonts.ready.then(() => plot.redraw(false, true));
    return () => {
      darkScheme.removeEventListener("change", redraw);
      resizeObserver.disconnect();
      plot.destroy();
    };
  }, [redrawKey, theme.value, language.value]);
  return (
    <div ref={container} class="chart-canvas" role="img" aria-label={label} aria-describedby={describedBy} />
  );
}

function createPlot(
  element: HTMLElement,
  { options, data }: ChartSpec,
  onHover: (index: number | null) => void,
): uPlot {
  const setCursor = (plot: uPlot): void => onHover(plot.cursor.idx ?? null);
  return new uPlot(
    {
      ...options,
      width: element.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      hooks: { ...options.hooks, setCursor: [setCursor] },
    },
    data,
    element,
  );
}
