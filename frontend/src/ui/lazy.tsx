/** A screen that is fetched when it is wanted; what cannot be fetched says so and can be asked for again. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../api/client";
import { Skeleton, ErrorState } from "./state";

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
