/** Plays a sample sentence of a voice in its language. The recording is deleted afterwards. */

import { signal } from "@preact/signals";
import { api, dataOf, type Failure, failureOf, serviceUrl, type Voice } from "../api/client";
import { t } from "../i18n";
import { showNotice } from "../state/notices";
import * as player from "../state/player";
import { explain } from "../ui/state";
import { primaryLanguage } from "./voice-search";

const SAMPLES: Record<string, string> = {
  en: "Good evening. This is how I sound when I read to you.",
  fr: "Bonsoir. Voici comment je sonne quand je vous fais la lecture.",
  de: "Guten Abend. So klinge ich, wenn ich Ihnen vorlese.",
  es: "Buenas noches. Así sueno cuando leo para usted.",
  it: "Buonasera. Ecco come suono quando leggo per voi.",
  pt: "Boa noite. É assim que eu soo quando leio para você.",
  ja: "こんばんは。わたしが読むと、こう聞こえます。",
  zh: "晚上好。我为您朗读时，就是这样的声音。",
  hi: "नमस्ते। मैं आपको पढ़कर सुनाऊँ तो ऐसा सुनाई देता है।",
  nl: "Goedenavond. Zo klink ik als ik u voorlees.",
};

/** The voice whose preview is loading or playing. */
export const previewing = signal<{ id: string; isPlaying: boolean } | null>(null);

const audio = new Audio();
/** Object URLs by voice. */
const cachedSources = new Map<string, string>();

audio.addEventListener("ended", () => (previewing.value = null));

export function stopPreview(): void {
  audio.pause();
  previewing.value = null;
}

export async function preview(voice: Voice): Promise<void> {
  stopPreview();
  if (player.playing.value) player.toggle();
  const current = { id: voice.id, isPlaying: false };
  previewing.value = current;
  try {
    const source = cachedSources.get(voice.id) ?? (await synthesizeSample(voice));
    cachedSources.set(voice.id, source);
    if (previewing.value !== current) return;
    audio.src = source;
    await audio.play();
    previewing.value = { ...current, isPlaying: true };
  } catch (failure) {
    if (previewing.value?.id !== voice.id) return;
    previewing.value = null;
    showNotice(t.value.write.previewFailed(voice.name) + explain(failure as Failure), { kind: "bad" });
  }
}

/** Returns an object URL of the audio. */
async function synthesizeSample(voice: Voice): Promise<string> {
  const language = primaryLanguage(voice.languages[0] ?? "en");
  const text = SAMPLES[language] ?? SAMPLES["en"] ?? "";
  const format = player.isPlayable("mp3") ? "mp3" : "wav";
  const job = await dataOf(api.POST("/synthesize", { body: { text, voice_id: voice.id, format } }));
  try {
    const response = await fetch(serviceUrl(`/jobs/${job.job_id}/audio`));
    if (!response.ok) throw await failureOf(response);
    return URL.createObjectURL(await response.blob());
  } finally {
    void api.DELETE("/jobs/{job_id}", { params: { path: { job_id: job.job_id } } }).catch(() => undefined);
  }
}
