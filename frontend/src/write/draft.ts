/** What is being written, and how it shall be said. It outlives a reload. */

import { batch, effect, signal } from "@preact/signals";
import { forget, recall, remember } from "../state/store";
import type { Format } from "../api/renditions";

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

export const delivery = signal<Delivery>({ ...PLAIN, ...recall<Partial<Delivery>>("delivery", {}) });

export function change(some: Partial<Delivery>): void {
  delivery.value = { ...delivery.value, ...some };
}

effect(() => {
  remember("delivery", delivery.value);
});

export const firstText = recall("draft", "");

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
