/** From the sheet to the service: what becomes of it is shown where its writer is by then. */

import { signal } from "@preact/signals";
import { t } from "../i18n";
import { forgetTroubles, tell } from "../state/notices";
import { play } from "../state/player";
import { go, link, route } from "../state/route";
import { health } from "../state/service";
import { titleOf } from "../state/titles";
import { explain } from "../ui/state";
import { delivery } from "./draft";
import { parts } from "./text-splitter";
import { PartlySent, send } from "./submission";

/** A text may be on its way while its writer walks about. */
export const sending = signal(false);

/** Infinite until the service has told. */
export function maxChars(): number {
  return health.value?.limits.max_text_chars ?? Number.POSITIVE_INFINITY;
}

export async function speak(text: string): Promise<void> {
  const max = maxChars();
  const pieces = Number.isFinite(max) ? parts(text, { max }) : [text.trim()].filter(Boolean);
  if (!pieces.length) {
    tell(t.value.write.emptyText);
    return;
  }
  forgetTroubles();
  sending.value = true;
  try {
    const jobs = await send(pieces, delivery.value);
    const first = jobs[0];
    const isHere = route.value.screen === "write";
    if (first && jobs.length === 1 && isHere) {
      void play({ jobId: first.job_id, title: titleOf(first.text), format: first.format, live: true });
      go(link("listen", first.job_id));
    } else {
      // Who has gone elsewhere meanwhile is told, not pulled away.
      tell(t.value.write.queued(jobs.length));
      if (isHere) go(link("library"));
    }
  } catch (caught) {
    const { sent, failure } = caught as PartlySent;
    if (sent.length) tell(t.value.write.partlyQueued(sent.length, pieces.length));
    tell(explain(failure), { kind: "bad", staysMs: 12_000 });
  } finally {
    sending.value = false;
  }
}
