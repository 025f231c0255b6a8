/** The sound to see, and to go anywhere in it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address } from "../api/client";
import { t } from "../i18n";
import { clock } from "../i18n/formats";
import { theme } from "../state/appearance";
import { isPlayable, positionS, track } from "../state/player";
import { peaksOf, PEAKS } from "./peaks";
import type { Cue } from "./segments";
import "./waveform.css";

// A longer sound would be fetched and decoded whole only to be drawn.
const LONGEST_S = 20 * 60;

export interface Sound {
  jobId: string;
  format: string;
  durationS: number;
}

export function Waveform({
  sound,
  cues,
  onSeek,
}: {
  sound: Sound;
  cues: readonly Cue[];
  onSeek: (seconds: number) => void;
}) {
  const said = t.value.listen;
  const isLong = sound.durationS > LONGEST_S || !(isPlayable(sound.format) || sound.format === "pcm");
  const at = track.value?.jobId === sound.jobId ? positionS.value : 0;
  return (
    <figure class="wave" aria-label={said.waveform}>
      {isLong ? <Passages sound={sound} cues={cues} /> : <Drawn sound={sound} at={at} />}
      <input
        class="wave-place"
        type="range"
        min="0"
        max={sound.durationS}
        step="0.1"
        value={at}
        aria-label={t.value.shell.position}
        aria-valuetext={`${clock(at)} / ${clock(sound.durationS)}`}
        onInput={(event) => onSeek(Number(event.currentTarget.value))}
      />
      {isLong && sound.durationS > LONGEST_S ? <figcaption class="small soft">{said.waveformTooLong}</figcaption> : null}
    </figure>
  );
}

function Drawn({ sound, at }: { sound: Sound; at: number }) {
  const box = useRef<HTMLDivElement>(null);
  const state = useSignal<"loading" | "drawn" | "failed">("loading");
  const drawing = useRef<{ setTime: (seconds: number) => void } | null>(null);
  const said = t.value.listen;
  const { value: shownTheme } = theme;

  useEffect(() => {
    let gone = false;
    let destroy = (): void => undefined;
    void (async () => {
      try {
        const [{ default: WaveSurfer }, peaks] = await Promise.all([
          import("wavesurfer.js"),
          peaksOf(address(`/jobs/${sound.jobId}/audio`), { isRaw: sound.format === "pcm" }),
        ]);
        if (gone || !box.current) return;
        const colour = (name: string): string => resolved(box.current as HTMLElement, name);
        const surfer = WaveSurfer.create({
          container: box.current,
          height: 72,
          peaks: [peaks],
          duration: sound.durationS,
          waveColor: colour("--line-strong"),
          progressColor: colour("--accent"),
          cursorColor: colour("--ink"),
          cursorWidth: 2,
          barWidth: 3,
          barGap: 2,
          barRadius: 3,
          normalize: true,
          // It only draws: what is heard is the player's.
          media: new Audio(),
          interact: false,
          hideScrollbar: true,
          cspNonce: document.querySelector<HTMLMetaElement>("meta[name=style-nonce]")?.content ?? "",
        });
        drawing.current = surfer;
        destroy = () => surfer.destroy();
        state.value = "drawn";
      } catch {
        if (!gone) state.value = "failed";
      }
    })();
    return () => {
      gone = true;
      drawing.current = null;
      destroy();
    };
  }, [sound.jobId, shownTheme]);

  useEffect(() => drawing.current?.setTime(at), [at, state.value]);

  return (
    <>
      <div ref={box} class="wave-box" aria-hidden="true" />
      {state.value === "loading" ? <p class="wave-said small soft">{said.waveformLoading}</p> : null}
      {state.value === "failed" ? <p class="wave-said small soft">{said.waveformFailed}</p> : null}
    </>
  );
}

/** `light-dark()` as the colour that it is here: a canvas knows no variables. */
function resolved(within: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  within.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Each passage as a stroke as long as it is heard. */
function Passages({ sound, cues }: { sound: Sound; cues: readonly Cue[] }) {
  const every = Math.max(1, Math.ceil(cues.length / PEAKS));
  const shown = cues.filter((_, index) => index % every === 0);
  // Passages follow each other closely: a gap that can be seen parts them.
  const gap = (sound.durationS / Math.max(1, shown.length)) * 0.12;
  return (
    <svg class="wave-box" viewBox={`0 0 ${Math.max(1, sound.durationS)} 10`} preserveAspectRatio="none" aria-hidden="true">
      {shown.map((cue) => (
        <rect key={cue.start} x={cue.startS} y="2" width={Math.max(gap, cue.endS - cue.startS - gap)} height="6" />
      ))}
    </svg>
  );
}
