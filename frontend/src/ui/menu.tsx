/** A button that opens a menu in the top layer. Escape and a click elsewhere close the menu. */

import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";

export function Menu({
  label,
  icon,
  text,
  kind = "plain",
  compact = false,
  busy = false,
  tabIndex,
  children,
}: {
  label: string;
  icon: IconName;
  /** Shown beside the icon. Without it the button shows only the icon. */
  text?: string;
  kind?: "plain" | "quiet" | "primary";
  compact?: boolean;
  busy?: boolean;
  tabIndex?: number | undefined;
  children: ComponentChildren;
}) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  // The size of the menu is known only after its content has rendered.
  useLayoutEffect(() => {
    if (!open || !button.current || !list.current) return;
    placeBeside(list.current, button.current);
    list.current.querySelector<HTMLElement>("button, a")?.focus();
  }, [open]);
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`button ${kind} ${compact ? "compact" : ""} ${text ? "" : "square"}`}
        popovertarget={id}
        tabIndex={tabIndex}
        aria-label={text ? undefined : label}
        aria-expanded={open}
        aria-busy={busy ? "true" : undefined}
        title={label}
      >
        <Icon name={busy ? "spinner" : icon} class={busy ? "spin" : ""} />
        {text}
      </button>
      <div
        ref={list}
        id={id}
        popover="auto"
        class="popover menu"
        role="group"
        aria-label={label}
        onToggle={(event) => setOpen((event as unknown as ToggleEvent).newState === "open")}
        onKeyDown={(event) => moveFocus(event, list.current)}
        onClick={(event) => {
          if ((event.target as HTMLElement).closest("button, a")) list.current?.hidePopover();
        }}
      >
        {open ? children : null}
      </div>
    </>
  );
}

const GAP = 6;

/** Places the menu below its button, or above if there is no room, and within the window. */
function placeBeside(floating: HTMLElement, anchor: HTMLElement): void {
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = floating;
  const below = box.bottom + GAP + height <= innerHeight || box.top < height + GAP;
  const left = Math.max(GAP, Math.min(box.left, innerWidth - width - GAP));
  const lowest = Math.max(GAP, innerHeight - height - GAP);
  const top = below ? Math.min(box.bottom + GAP, lowest) : box.top - GAP - height;
  floating.style.left = `${left}px`;
  floating.style.top = `${top}px`;
}

function moveFocus(event: KeyboardEvent, list: HTMLElement | null): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step || !list) return;
  event.preventDefault();
  const items = [...list.querySelectorAll<HTMLElement>("button:not(:disabled), a")];
  const current = items.indexOf(document.activeElement as HTMLElement);
  items[(current + step + items.length) % items.length]?.focus();
}
