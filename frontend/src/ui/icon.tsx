/** Inline SVG icons on a 24-pixel grid. They are hidden from screen readers: the surrounding element has the label. */

const PATHS = {
  write: "M4 20h4L19 9a2.1 2.1 0 0 0-3-3L5 17zM13.5 7.5l3 3",
  library: "M5 4v16M9 4v16M13 4h3v16h-3zM17 5l3-.6L21.5 19l-3 .7",
  system: "M4 5h16v5H4zM4 14h16v5H4zM7.5 7.5h.01M7.5 16.5h.01M11 7.5h5M11 16.5h5",
  listen: "M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8 5.5v13M16 5.5v13",
  stop: "M6.5 6.5h11v11h-11z",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5 20 20",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  down: "M6 9.5l6 6 6-6",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  edit: "M4 20h4L19 9a2.1 2.1 0 0 0-3-3L5 17z",
  retry: "M19 12a7 7 0 1 1-2.2-5.1L19 9M19 4.5V9h-4.5",
  file: "M7 3.5h7L18 8v12.5H7zM14 3.5V8h4",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  warn: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.3h.01",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.5l3 1.8",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  voice: "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  rest: "M5 12h14M9 8v8M15 8v8",
  phonemes: "M5 18l4.5-12L14 18M6.6 14h5.8M17 10.5v4M20 8.5v8",
  spinner: "M12 4a8 8 0 1 0 8 8",
  back: "M14.5 6l-6 6 6 6",
  rewind: "M11 6.5 4.5 12l6.5 5.5zM19 6.5 12.5 12l6.5 5.5z",
  forward: "M5 6.5l6.5 5.5L5 17.5zM13 6.5l6.5 5.5-6.5 5.5z",
  volume: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  muted: "M4 9.5v5h3.5L12 19V5L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  help: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM9.8 9.8a2.3 2.3 0 1 1 3.2 2.1c-.7.4-1 .8-1 1.6M12 16.3h.01",
  keep: "M7 3.5h10V20l-5-4-5 4z",
  copy: "M9 9h10v11H9zM15 9V4.5H5V15h4",
  globe: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM4 12h16M12 4c3 2.5 3 13.5 0 16M12 4c-3 2.5-3 13.5 0 16",
} as const;

export type IconName = keyof typeof PATHS;

const SOLID: readonly IconName[] = ["play"];

export function Icon({ name, class: className = "" }: { name: IconName; class?: string }) {
  return (
    <svg
      class={`icon ${SOLID.includes(name) ? "solid" : ""} ${className}`}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      <path d={PATHS[name]} stroke-width={name === "more" ? 3 : undefined} />
    </svg>
  );
}
