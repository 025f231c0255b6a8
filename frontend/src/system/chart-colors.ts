/** The colours of the page for a canvas, which does not know the page's variables, and the patterns made of them. */

export interface Ink {
  text: string;
  soft: string;
  line: string;
  sheet: string;
  accent: string;
  good: string;
  bad: string;
  font: string;
}

export function inkOf(element: HTMLElement): Ink {
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const ink = {
    text: colour("ink"),
    soft: colour("ink-soft"),
    line: colour("line"),
    sheet: colour("sheet"),
    accent: colour("accent"),
    good: colour("good"),
    bad: colour("bad"),
    font: getComputedStyle(probe).fontFamily,
  };
  probe.remove();
  return ink;
}

export type Pattern = "hatched" | "dotted";

const TILE = 6;

/** Opaque, so that what lies below does not show through. */
export function patternOf(pattern: Pattern, colour: string, paper: string): CanvasPattern | string {
  const tile = document.createElement("canvas");
  const ratio = Math.max(1, Math.round(devicePixelRatio));
  tile.width = tile.height = TILE * ratio;
  const context = tile.getContext("2d");
  if (!context) return colour;
  context.scale(ratio, ratio);
  context.fillStyle = paper;
  context.fillRect(0, 0, TILE, TILE);
  context.fillStyle = context.strokeStyle = colour;
  if (pattern === "hatched") hatch(context);
  else dot(context);
  return context.createPattern(tile, "repeat") ?? colour;
}

function hatch(context: CanvasRenderingContext2D): void {
  context.lineWidth = 2;
  context.beginPath();
  for (const shift of [-TILE, 0, TILE]) {
    context.moveTo(shift - 1, TILE + 1);
    context.lineTo(shift + TILE + 1, -1);
  }
  context.stroke();
}

function dot(context: CanvasRenderingContext2D): void {
  context.beginPath();
  context.arc(TILE / 2, TILE / 2, 1.3, 0, 2 * Math.PI);
  context.fill();
}
