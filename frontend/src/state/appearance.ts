/** The colour theme: the user's choice, or that of the operating system. */

import { effect, signal } from "@preact/signals";
import { readStored, writeStored } from "./storage";

export type Theme = "auto" | "light" | "dark";

const stored = readStored<unknown>("theme", "auto");
export const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : "auto");

effect(() => {
  const root = document.documentElement;
  if (theme.value === "auto") delete root.dataset["theme"];
  else root.dataset["theme"] = theme.value;
  writeStored("theme", theme.value);
});
