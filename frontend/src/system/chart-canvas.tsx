/** A place for a chart: drawn anew in other colours by night, in another width, in another language. */

import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language } from "../i18n";
import { theme } from "../state/appearance";
import { inkOf, type Ink } from "./chart-colors";

export interface Drawing {
  options: Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
}

const HEIGHT = 220;

export function Canvas({
  draw,
  of,
  label,
  describedBy,
  onPoint,
}: {
  draw: (ink: Ink) => Drawing;
  /** It is drawn anew when this is another thing. */
  of: unknown;
  label: string;
  describedBy: string;
  /** The place that is pointed at; null for none. */
  onPoint: (index: number | null) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot = plotted(element, draw(inkOf(element)), onPoint);
    const redraw = (): void => {
      plot.destroy();
      plot = plotted(element, draw(inkOf(element)), onPoint);
    };
    const resized = new ResizeObserver(() => {
      if (element.clientWidth && element.clientWidth !== plot.width) plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    const night = matchMedia("(prefers-color-scheme: dark)");
    night.addEventListener("change", redraw);
    // The letters of the labels may come later than the chart.
    void document.fonts.ready.then(() => plot.redraw(false, true));
    return () => {
      night.removeEventListener("change", redraw);
      resized.disconnect();
      plot.destroy();
    };
  }, [of, theme.value, language.value]);
  return <div ref={place} class="canvas" role="img" aria-label={label} aria-describedby={describedBy} />;
}

function plotted(element: HTMLElement, { options, data }: Drawing, onPoint: (index: number | null) => void): uPlot {
  const setCursor = (plot: uPlot): void => onPoint(plot.cursor.idx ?? null);
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
