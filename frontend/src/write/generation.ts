/** Generates recordings from the text in the editor, and shows the result. */

import { signal } from "@preact/signals";
import type { Voice } from "../api/client";
import { t } from "../i18n";
import { dismissErrors, showNotice } from "../state/notices";
import { play } from "../state/player";
import { go, link, route } from "../state/route";
import { health } from "../state/service";
import { voices } from "../state/voices";
import { explain } from "../ui/state";
import { chosenVoice } from "./chosen-voice";
import { settings } from "./settings";
import { PartlySubmitted, submit } from "./submission";
import { splitText } from "./text-splitter";
import { unspeakableVoices } from "./unspeakable";

/** Stays true while the user is on another screen. */
export const isSubmitting = signal(false);

/** Infinite until the service has answered. */
export function maxTextChars(): number {
  return health.value?.limits.max_text_chars ?? Number.POSITIVE_INFINITY;
}

/** A text whose voices cannot all be spoken. The user decides what to do; null without such a question. */
export const beepQuestion = signal<{ text: string; voices: readonly Voice[] } | null>(null);

export async function generate(text: string, { acceptsBeeps = false } = {}): Promise<void> {
  const maxChars = maxTextChars();
  const texts = Number.isFinite(maxChars) ? splitText(text, { maxChars }) : [text.trim()].filter(Boolean);
  if (!texts.length) {
    showNotice(t.value.write.emptyText);
    return;
  }
  // A service whose provider is the stub only beeps, and says so everywhere.
  const unspeakable =
    health.value?.provider === "stub" ? [] : unspeakableVoices(text, chosenVoice.value, voices.value ?? []);
  if (unspeakable.length && !acceptsBeeps) {
    beepQuestion.value = { text, voices: unspeakable };
    return;
  }
  dismissErrors();
  isSubmitting.value = true;
  try {
    const jobs = await submit(texts, settings.value);
    const first = jobs[0];
    const isOnWriteScreen = route.value.screen === "write";
    if (first && jobs.length === 1 && isOnWriteScreen) {
      void play({ jobId: first.job_id, title: first.title, format: first.format, live: true });
      go(link("listen", first.job_id));
    } else {
      // A user who has opened another screen stays there.
      showNotice(t.value.write.queued(jobs.length));
      if (isOnWriteScreen) go(link("library"));
    }
  } catch (caught) {
    const { jobs, failure } = caught as PartlySubmitted;
    if (jobs.length) showNotice(t.value.write.partlyQueued(jobs.length, texts.length));
    showNotice(explain(failure), { kind: "bad", staysMs: 12_000 });
  } finally {
    isSubmitting.value = false;
  }
}
