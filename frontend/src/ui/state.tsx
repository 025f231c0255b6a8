/** Placeholders for content: empty, failed and loading. */

import type { ComponentChildren } from "preact";
import type { Failure } from "../api/client";
import { span } from "../i18n/formats";
import { t } from "../i18n";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

export function EmptyState({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="state">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** Explains an error and offers to retry. */
export function ErrorState({ failure, onRetry }: { failure: Failure; onRetry?: () => void }) {
  return (
    <div class="state error" role="alert">
      <Icon name="warn" />
      <strong>{t.value.shell.unexpected}</strong>
      <p dir="auto">{explain(failure)}</p>
      {onRetry ? (
        <Button icon="retry" onPress={onRetry}>
          {t.value.shell.retry}
        </Button>
      ) : null}
    </div>
  );
}

/** Returns the message for an error, in the language of the page. */
export function explain(failure: Failure): string {
  const texts = t.value.shell;
  if (failure.status === 0) return texts.unreachable;
  if (failure.status === 503 && failure.code === "queue_full")
    return texts.overloaded(span(failure.retryAfterS ?? 1));
  // The response of a proxy contains no useful message.
  if (failure.code === "unreachable") return texts.unreachable;
  return t.value.service.error(failure.code) || failure.message || texts.unexpected;
}

export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div class="stack" role="status" aria-label={t.value.shell.loading}>
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton" />
      ))}
    </div>
  );
}
