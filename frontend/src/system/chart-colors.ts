/** Reads the colours of the page for a canvas, which cannot use CSS variables, and makes fill patterns of them. */

export interface ChartColors {
  text: string;
  soft: string;
  line: string;
  surface: string;
  accent: string;
  good: string;
  bad: string;
  font: string;
}

export function readColors(element: HTMLElement): ChartColors {
  const probe = document.createElement("span");
  element.append(probe);
  const color = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colors = {
    text: color("text"),
    soft: color("text-soft"),
    line: color("line"),
    surface: color("surface"),
    accent: color("accent"),
    good: color("good"),
    bad: color("bad"),
    font: getComputedStyle(probe).fontFamily,
  };
  probe.remove();
  return colors;
}

export type Pattern = "hatched" | "dotted";

const TILE = 6;

/** Returns an opaque pattern, so that bars below do not show through. */
export function patternFill(pattern: Pattern, color: string, background: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  tile.width = tile.height = TILE * ratio;
  const context = tile.getContext("2d");
  if (!context) return color;
  context.scale(ratio, ratio);
  context.fillStyle = background;
  context.fillRect(0, 0, TILE, TILE);
  context.fillStyle = context.strokeStyle = color;
  if (pattern === "hatched") drawHatching(context);
  else drawDots(context);
  return context.createPattern(tile, "repeat") ?? color;
}

function drawHatching(context: CanvasRenderingContext2D): void {
  context.lineWidth = 2;
  context.beginPath();
  for (const shift of [-TILE, 0, TILE]) {
    context.moveTo(shift - 1, TILE + 1);
    context.lineTo(shift + TILE + 1, -1);
  }
  context.stroke();
}

function drawDots(context: CanvasRenderingContext2D): void {
  context.beginPath();
  context.arc(TILE / 2, TILE / 2, 1.3, 0, 2 * Math.PI);
  context.fill();
}
