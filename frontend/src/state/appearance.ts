/** Day or night: as the system says, or as somebody chose. */

import { effect, signal } from "@preact/signals";
import { recall, remember } from "./storage";

export type Theme = "auto" | "light" | "dark";

const kept = recall<unknown>("theme", "auto");
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "auto");

effect(() => {
  const root = document.documentElement;
  if (theme.value === "auto") delete root.dataset["theme"];
  else root.dataset["theme"] = theme.value;
  remember("theme", theme.value);
});
