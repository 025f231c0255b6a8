/** The keys that control the player on every screen. They do nothing while a control that uses them has the focus. */

import * as player from "./player";

export const STEP_S = 5;
export const LONG_STEP_S = 15;
const VOLUME_STEP = 0.1;

const ACTIONS: Readonly<Record<string, () => void>> = {
  " ": player.toggle,
  k: player.toggle,
  ArrowLeft: () => player.skip(-STEP_S),
  ArrowRight: () => player.skip(STEP_S),
  j: () => player.skip(-LONG_STEP_S),
  l: () => player.skip(LONG_STEP_S),
  "-": () => player.setVolume(player.volume.value - VOLUME_STEP),
  "+": () => player.setVolume(player.volume.value + VOLUME_STEP),
};

/** Handles the arrow keys of a slider of positions, whose own steps would be too small. */
export function seekBySteps(event: KeyboardEvent): void {
  const step = { ArrowLeft: -STEP_S, ArrowDown: -STEP_S, ArrowRight: STEP_S, ArrowUp: STEP_S }[event.key];
  if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  player.skip(step);
}

/** Call it once, when the page starts. `showHelp` lists the keys. */
export function listenForShortcuts(showHelp: () => void): () => void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (usesKey(event.target, event.key)) return;
    const action = event.key === "?" ? showHelp : ACTIONS[event.key];
    if (!action || (action !== showHelp && !player.track.value && !player.offered.value)) return;
    event.preventDefault();
    action();
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}

/** True if the focused element, or an open dialog or menu, handles the key itself. */
function usesKey(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest("dialog, [popover], textarea, select, [contenteditable], input:not([type=checkbox])"))
    return true;
  if (key === " ") return target.closest("button, a, summary, input, [role=button], [role=row]") !== null;
  return key.startsWith("Arrow") && target.closest("[role=treegrid], [role=tablist], [role=button]") !== null;
}
