import { DASHES } from "./chart-options";

/** A legend symbol: shows how a series is drawn. */
export function Swatch({ kind }: { kind: "good" | "hatched" | "dotted" | "accent" | 0 | 1 | 2 }) {
  if (typeof kind === "number") {
    return (
      <svg class={`swatch line-${kind}`} viewBox="0 0 26 12" aria-hidden="true">
        <path d="M1 6h24" stroke-dasharray={DASHES[kind]?.join(" ")} />
      </svg>
    );
  }
  return (
    <svg class={`swatch ${kind}`} viewBox="0 0 14 12" aria-hidden="true">
      <rect x="1" y="1" width="12" height="10" rx="2" />
      {kind === "hatched" ? <path d="M1 8 8 1M2 11.5 11.5 2M7 11.5 13 5.5" /> : null}
      {kind === "dotted" ? <path d="M4 4h.01M7 4h.01M10 4h.01M4 8h.01M7 8h.01M10 8h.01" /> : null}
    </svg>
  );
}
