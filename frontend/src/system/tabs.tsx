import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

/** Tabs with one panel. The arrow keys move through the tabs; Home and End move to the first and last. */
export function Tabs<T extends string>({
  label,
  value,
  options,
  onChange,
  children,
}: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
  children: ComponentChildren;
}) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = nextTabIndex(
      options.findIndex((one) => one.value === value),
      event.key,
      options.length,
    );
    const chosen = options[next];
    if (!chosen) return;
    event.preventDefault();
    onChange(chosen.value);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <>
      <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
        {options.map((option) => (
          <button
            key={option.value}
            type="button"
            role="tab"
            class="tab"
            id={`${id}-${option.value}`}
            aria-selected={option.value === value}
            aria-controls={option.value === value ? `${id}-panel` : undefined}
            tabIndex={option.value === value ? 0 : -1}
            onClick={() => onChange(option.value)}
          >
            {option.label}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        class="tab-panel"
        role="tabpanel"
        aria-labelledby={`${id}-${value}`}
        tabIndex={-1}
      >
        {children}
      </div>
    </>
  );
}

/** Returns the index of the tab that a key moves to, or -1 if it moves to none. */
export function nextTabIndex(current: number, key: string, count: number): number {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  return step === 0 ? -1 : (current + step + count) % count;
}
