/** Loads a component on demand. Shows an error with a retry button if the script cannot be loaded. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { ErrorState, Skeleton } from "./state";

export function lazy(load: () => Promise<ComponentType>): ComponentType {
  let Loaded: ComponentType | null = null;
  return function Lazy() {
    const [, redraw] = useState(0);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Loaded || failed) return;
      load().then(
        (component) => {
          Loaded = component;
          redraw((n) => n + 1);
        },
        () => setFailed(true),
      );
    }, [failed]);
    if (Loaded) return <Loaded />;
    return (
      <div class="screen">
        {failed ? (
          <ErrorState failure={new Failure("", 0, "unreachable")} onRetry={() => location.reload()} />
        ) : (
          <Skeleton lines={6} />
        )}
      </div>
    );
  };
}
