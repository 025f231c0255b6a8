/** Sends model commands (download, load, unload) and shows their results as notices. */

import { api, dataOf, type Failure } from "../api/client";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import { explain } from "../ui/state";
import type { ModelCommandResult } from "./types";

/** Downloads a model or one set of weights. `name` is the display name in notices. */
export async function downloadModel(key: string, name: string): Promise<void> {
  try {
    const { downloads } = await dataOf(api.POST("/models/download", { body: { models: [key] } }));
    if (!downloads.length) showNotice(t.value.system.nothingMissing(name));
  } catch (failure) {
    showNotice(explain(failure as Failure), { kind: "bad", staysMs: 0 });
  }
}

export async function loadModel(key: string, name: string): Promise<void> {
  await sendCommand(commandResult(api.POST("/models/warm", { body: { models: [key] } })), name, "loading");
}

export async function unloadModel(key: string, name: string): Promise<void> {
  await sendCommand(
    commandResult(api.POST("/models/unload", { body: { models: [key] } })),
    name,
    "unloading",
  );
}

function commandResult(request: Promise<{ data?: ModelCommandResult }>): Promise<ModelCommandResult> {
  return dataOf(request);
}

async function sendCommand(
  request: Promise<ModelCommandResult>,
  name: string,
  textKey: "loading" | "unloading",
): Promise<void> {
  try {
    showNotice(describeResult(await request, name, textKey));
  } catch (failure) {
    showNotice(explain(failure as Failure), { kind: "bad", staysMs: 0 });
  }
}

function describeResult(result: ModelCommandResult, name: string, textKey: "loading" | "unloading"): string {
  const texts = t.value.system;
  const workers = new Set(result.told.map((one) => one.worker)).size;
  if (workers) return texts[textKey](workers, name);
  if (result.stays.length) return texts.alwaysLoaded(name);
  return result.not_served.length ? texts.notServed(name) : texts.nothingLoaded(name);
}
