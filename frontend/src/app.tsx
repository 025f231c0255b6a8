import type { ComponentType } from "preact";
import { Shell } from "./shell";
import type { Screen } from "./state/hash";
import { route } from "./state/route";
import { lazy } from "./ui/lazy";
import { Write } from "./write/write";

// The first screen is part of the main bundle; the others load on demand.
const SCREENS: Record<Screen, ComponentType> = {
  write: Write,
  library: lazy(() => import("./library/library").then((module) => module.Library)),
  listen: lazy(() => import("./listen/listen").then((module) => module.Listen)),
  system: lazy(() => import("./system/system").then((module) => module.System)),
};

export function App() {
  const Screen = SCREENS[route.value.screen];
  return (
    <Shell>
      <Screen />
    </Shell>
  );
}
