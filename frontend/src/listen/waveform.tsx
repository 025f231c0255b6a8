/** The waveform of a recording, with a slider over it to change the position. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { serviceUrl } from "../api/client";
import { t } from "../i18n";
import { clock } from "../i18n/formats";
import { theme } from "../state/appearance";
import { isPlayable, positionS, track } from "../state/player";
import { seekBySteps } from "../state/shortcuts";
import { loadPeaks, PEAKS } from "./peaks";
import { axisTimesS } from "./time-axis";
import type { Segment } from "./segments";
import "./waveform.css";

// A waveform needs the whole audio, which is too much to fetch and decode for a longer recording.
const WAVEFORM_MAX_S = 20 * 60;

export interface RecordingAudio {
  jobId: string;
  format: string;
  durationS: number;
}

export function Waveform({
  audio,
  segments,
  onSeek,
}: {
  audio: RecordingAudio;
  segments: readonly Segment[];
  onSeek: (positionS: number) => void;
}) {
  const messages = t.value.listen;
  const isTooLong = audio.durationS > WAVEFORM_MAX_S;
  const canDecode = isPlayable(audio.format) || audio.format === "pcm";
  const position = track.value?.jobId === audio.jobId ? positionS.value : 0;
  return (
    <figure class="wave" aria-label={messages.waveform}>
      {isTooLong || !canDecode ? (
        <SegmentBars audio={audio} segments={segments} />
      ) : (
        <WaveformCanvas audio={audio} position={position} />
      )}
      <input
        class="wave-slider"
        type="range"
        min="0"
        max={audio.durationS}
        step="0.1"
        value={position}
        aria-label={t.value.shell.position}
        aria-valuetext={`${clock(position)} / ${clock(audio.durationS)}`}
        onKeyDown={track.value?.jobId === audio.jobId ? seekBySteps : undefined}
        onInput={(event) => onSeek(Number(event.currentTarget.value))}
      />
      <div class="wave-axis small soft num" aria-hidden="true">
        {axisTimesS(audio.durationS).map((timeS) => (
          <span key={timeS} style={{ insetInlineStart: `${(100 * timeS) / audio.durationS}%` }}>
            {clock(timeS)}
          </span>
        ))}
      </div>
      {isTooLong ? <figcaption class="small soft">{messages.waveformTooLong}</figcaption> : null}
    </figure>
  );
}

function WaveformCanvas({ audio, position }: { audio: RecordingAudio; position: number }) {
  const container = useRef<HTMLDivElement>(null);
  const state = useSignal<"loading" | "drawn" | "failed">("loading");
  const drawing = useRef<{ setTime: (positionS: number) => void } | null>(null);
  const messages = t.value.listen;

  useEffect(() => {
    let isUnmounted = false;
    let destroy = (): void => undefined;
    void (async () => {
      try {
        const [{ default: WaveSurfer }, peaks] = await Promise.all([
          import("wavesurfer.js"),
          loadPeaks(serviceUrl(`/jobs/${audio.jobId}/audio`), { isPcm: audio.format === "pcm" }),
        ]);
        if (isUnmounted || !container.current) return;
        const colour = (name: string): string => resolveColour(container.current as HTMLElement, name);
        const surfer = WaveSurfer.create({
          container: container.current,
          height: 72,
          peaks: [peaks],
          duration: audio.durationS,
          waveColor: colour("--line-strong"),
          progressColor: colour("--accent"),
          cursorColor: colour("--text"),
          cursorWidth: 2,
          barWidth: 3,
          barGap: 2,
          barRadius: 3,
          normalize: true,
          // WaveSurfer only draws. The player plays.
          media: new Audio(),
          interact: false,
          hideScrollbar: true,
          cspNonce: document.querySelector<HTMLMetaElement>("meta[name=style-nonce]")?.content ?? "",
        });
        drawing.current = surfer;
        destroy = () => surfer.destroy();
        state.value = "drawn";
      } catch {
        if (!isUnmounted) state.value = "failed";
      }
    })();
    return () => {
      isUnmounted = true;
      drawing.current = null;
      destroy();
    };
  }, [audio.jobId, theme.value]);

  useEffect(() => drawing.current?.setTime(position), [position, state.value]);

  return (
    <>
      <div ref={container} class="wave-box" aria-hidden="true" />
      {state.value === "loading" ? <p class="wave-message small soft">{messages.waveformLoading}</p> : null}
      {state.value === "failed" ? <p class="wave-message small soft">{messages.waveformFailed}</p> : null}
    </>
  );
}

/** The computed colour of a CSS variable. A canvas supports neither variables nor `light-dark()`. */
function resolveColour(parent: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  parent.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** A bar for each segment, as long as the segment lasts. Shown in place of a waveform. */
function SegmentBars({ audio, segments }: { audio: RecordingAudio; segments: readonly Segment[] }) {
  const every = Math.max(1, Math.ceil(segments.length / PEAKS));
  const shown = segments.filter((_, index) => index % every === 0);
  // Segments have almost no pause between them, so the bars are shortened by a visible gap.
  const gapS = (audio.durationS / Math.max(1, shown.length)) * 0.12;
  return (
    <svg
      class="wave-box"
      viewBox={`0 0 ${Math.max(1, audio.durationS)} 10`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {shown.map((segment) => (
        <rect
          key={segment.start}
          x={segment.startS}
          y="2"
          width={Math.max(gapS, segment.endS - segment.startS - gapS)}
          height="6"
        />
      ))}
    </svg>
  );
}
