/** What is being written, and how it shall be said. It outlives a reload. */

import { batch, effect, signal } from "@preact/signals";
import { forget, recall, remember } from "../state/storage";
import { FORMATS, type Format } from "../api/formats";

export interface Delivery {
  voiceId: string | null;
  speed: number;
  style: string;
  format: Format;
  lane: "interactive" | "bulk";
  language: string;
  seed: string;
  lexicon: Record<string, string>;
}

const PLAIN: Delivery = {
  voiceId: null,
  speed: 1,
  style: "",
  format: "mp3",
  lane: "interactive",
  language: "",
  seed: "",
  lexicon: {},
};

export const delivery = signal<Delivery>(readDelivery(recall<unknown>("delivery", null)));

/** Storage is open to everything on this host, and to releases of before and after: what does not fit is left aside. */
export function readDelivery(held: unknown): Delivery {
  const some = (typeof held === "object" && held ? held : {}) as Partial<Record<keyof Delivery, unknown>>;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const { speed, format, lexicon } = some;
  return {
    voiceId: text(some.voiceId) || null,
    speed: typeof speed === "number" && speed >= 0.25 && speed <= 4 ? speed : PLAIN.speed,
    style: text(some.style),
    format: FORMATS.find((one) => one === format) ?? PLAIN.format,
    lane: some.lane === "bulk" ? "bulk" : "interactive",
    language: text(some.language),
    seed: text(some.seed),
    lexicon: Object.fromEntries(
      Object.entries(typeof lexicon === "object" && lexicon ? lexicon : {}).filter(([, how]) => typeof how === "string"),
    ),
  };
}

export function change(some: Partial<Delivery>): void {
  delivery.value = { ...delivery.value, ...some };
}

effect(() => {
  remember("delivery", delivery.value);
});

const heldText = recall<unknown>("draft", "");
export const firstText = typeof heldText === "string" ? heldText : "";

/** A text that another screen wants to see on the sheet. */
export const asked = signal<{ text: string; title: string } | null>(null);

/** False once the browser could not keep the text. */
export const isKept = signal(true);

export function keep(text: string): void {
  batch(() => {
    if (text === "") forget("draft");
    isKept.value = text === "" || remember("draft", text);
  });
}
