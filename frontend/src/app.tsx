import type { ComponentType } from "preact";
import { lazy } from "./ui/lazy";
import { Shell } from "./shell";
import { route, type Screen } from "./state/route";
import { Write } from "./write/write";

// What most people open first is in the first script; the others come when they are wanted.
const SCREENS: Record<Screen, ComponentType> = {
  write: Write,
  library: lazy(() => import("./library/library").then((part) => part.Library)),
  listen: lazy(() => import("./listen/listen").then((part) => part.Listen)),
  farm: lazy(() => import("./system/system").then((part) => part.Farm)),
};

export function App() {
  const Screen = SCREENS[route.value.screen];
  return (
    <Shell>
      <Screen />
    </Shell>
  );
}
