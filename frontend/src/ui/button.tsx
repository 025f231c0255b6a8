import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

type Kind = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps {
  onPress: (event: MouseEvent) => void;
  icon?: IconName | undefined;
  kind?: Kind;
  compact?: boolean;
  disabled?: boolean;
  /** Shows a spinner and ignores presses. The button stays focusable. */
  busy?: boolean;
  /** -1 in a list whose only tab stop is elsewhere (roving tabindex). */
  tabIndex?: number | undefined;
  class?: string;
}

export function Button({ children, ...rest }: ButtonProps & { children: ComponentChildren }) {
  return <BaseButton {...rest}>{children}</BaseButton>;
}

/** A button that shows only an icon. `label` is its accessible name and its tooltip. */
export function IconButton({
  label,
  class: className = "",
  ...rest
}: ButtonProps & { label: string; icon: IconName }) {
  return <BaseButton {...rest} class={`square ${className}`} label={label} />;
}

function BaseButton({
  onPress,
  icon,
  kind = "plain",
  compact = false,
  disabled = false,
  busy = false,
  tabIndex,
  class: className = "",
  label,
  children,
}: ButtonProps & { label?: string; children?: ComponentChildren }) {
  return (
    <button
      type="button"
      class={`button ${kind} ${compact ? "compact" : ""} ${className}`}
      disabled={disabled}
      tabIndex={tabIndex}
      aria-disabled={busy ? "true" : undefined}
      aria-busy={busy ? "true" : undefined}
      aria-label={label}
      title={label}
      onClick={(event) => {
        if (!busy) onPress(event);
      }}
    >
      {busy ? <Icon name="spinner" class="spin" /> : icon ? <Icon name={icon} /> : null}
      {children}
    </button>
  );
}
