/** Lets one tab play at a time: a tab that starts pauses the others. */

const CHANNEL = "oratio.player";

/** Returns a function that tells the other tabs that this one plays. */
export function onlyOneTab(pause: () => void): () => void {
  if (!("BroadcastChannel" in globalThis)) return () => undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = pause;
  return () => channel.postMessage("playing");
}
