/** What is asked of the workers about models, and what came of the asking. */

import { answer, api, type Failure } from "../api/client";
import { t } from "../i18n";
import { tell } from "../state/notices";
import { explain } from "../ui/state";
import type { Orders } from "./types";

/** Fetch a family or a set of weights; `name` is what people call it. Refusals are told. */
export async function fetchModel(key: string, name: string): Promise<void> {
  try {
    const { downloads } = await answer(api.POST("/models/download", { body: { models: [key] } }));
    if (!downloads.length) tell(t.value.farm.nothingMissing(name));
  } catch (failure) {
    tell(explain(failure as Failure), { kind: "bad", staysMs: 0 });
  }
}

export async function warm(key: string, name: string): Promise<void> {
  await order(answerOf(api.POST("/models/warm", { body: { models: [key] } })), name, "told");
}

export async function unload(key: string, name: string): Promise<void> {
  await order(answerOf(api.POST("/models/unload", { body: { models: [key] } })), name, "toldToUnload");
}

function answerOf(asking: Promise<{ data?: Orders }>): Promise<Orders> {
  return answer(asking);
}

async function order(asking: Promise<Orders>, name: string, words: "told" | "toldToUnload"): Promise<void> {
  try {
    tell(outcome(await asking, name, words));
  } catch (failure) {
    tell(explain(failure as Failure), { kind: "bad", staysMs: 0 });
  }
}

function outcome(orders: Orders, name: string, words: "told" | "toldToUnload"): string {
  const said = t.value.farm;
  const workers = new Set(orders.told.map((one) => one.worker)).size;
  if (workers) return said[words](workers, name);
  if (orders.stays.length) return said.stays(name);
  return orders.not_served.length ? said.notServed(name) : said.nothingLoaded(name);
}
