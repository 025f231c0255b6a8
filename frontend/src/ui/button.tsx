import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

type Kind = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps {
  onPress: (event: MouseEvent) => void;
  icon?: IconName | undefined;
  kind?: Kind;
  compact?: boolean;
  disabled?: boolean;
  /** Work goes on: it stays where it is, and cannot be pressed again. */
  busy?: boolean;
  /** -1 where a list has one place for the Tab key, and this is not in it. */
  tabIndex?: number | undefined;
  class?: string;
}

export function Button({ children, ...rest }: ButtonProps & { children: ComponentChildren }) {
  return <BaseButton {...rest}>{children}</BaseButton>;
}

/** Only an icon to see; `label` is its name for everybody else, and for who rests the pointer on it. */
export function IconButton({ label, class: className = "", ...rest }: ButtonProps & { label: string; icon: IconName }) {
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
