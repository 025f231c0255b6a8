/** The text as it is read aloud: what is heard is marked, and every passage can be gone to. */

import { effect, type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { durationS, playing, positionS, track } from "../state/player";
import { cueAt, type Cue } from "./segments";
import { paragraphs, type Paragraph, type Run } from "./paragraphs";
import type { Watch } from "./job-watcher";
import "./transcript.css";

export function Reading({ watch, onSeek }: { watch: Watch; onSeek: (cue: Cue) => void }) {
  const sheet = useRef<HTMLDivElement>(null);
  const follows = useSignal(true);
  const blocks = useComputed(() => paragraphs(watch.text.value ?? "", watch.cues.value));
  const marked = useMarked(watch);
  const said = t.value.listen;

  useEffect(
    () =>
      effect(() => {
        const index = marked.value;
        if (!follows.value || index < 0 || track.value?.jobId !== watch.id) return;
        requestAnimationFrame(() => reveal(sheet.current, index));
      }),
    [watch],
  );

  return (
    <section class="card reading" aria-label={said.text}>
      <header class="row spread">
        <h2>{said.text}</h2>
        <label class="row small">
          <input
            class="tick"
            type="checkbox"
            checked={follows.value}
            onChange={(event) => (follows.value = event.currentTarget.checked)}
          />
          {said.autoScroll}
        </label>
      </header>
      {watch.cues.value.length && (watch.recording.value || watch.job.value?.status === "running") ? <p class="small soft">{said.textHint}</p> : null}
      <div
        ref={sheet}
        class="read"
        dir="auto"
        role="group"
        aria-label={said.text}
        onKeyDown={(event) => step(event, sheet.current)}
        onClick={(event) => {
          const index = (event.target as HTMLElement).closest<HTMLElement>("[data-cue]")?.dataset["cue"];
          const cue = index === undefined ? undefined : watch.cues.value[Number(index)];
          if (cue) onSeek(cue);
        }}
      >
        {blocks.value.map((block) => (
          <Block key={block.start} block={block} watch={watch} marked={marked} />
        ))}
      </div>
    </section>
  );
}

/** The passage that is heard here; while it is spoken and not listened to, the one that was spoken last. */
function useMarked(watch: Watch): ReadonlySignal<number> {
  return useComputed(() => {
    const cues = watch.cues.value;
    if (track.value?.jobId === watch.id) {
      const isThrough = !playing.value && durationS.value > 0 && positionS.value >= durationS.value - 0.05;
      return isThrough ? -1 : cueAt(cues, positionS.value);
    }
    return watch.job.value?.status === "running" ? cues.length - 1 : -1;
  });
}

function Block({ block, watch, marked }: { block: Paragraph; watch: Watch; marked: ReadonlySignal<number> }) {
  return (
    <p>
      {block.runs.map((run) => (
        <Passage key={run.start} run={run} watch={watch} marked={marked} />
      ))}
    </p>
  );
}

function Passage({ run, watch, marked }: { run: Run; watch: Watch; marked: ReadonlySignal<number> }) {
  const text = watch.text.value?.slice(run.start, run.end) ?? "";
  const isMarked = useComputed(() => run.cue !== null && marked.value === run.cue);
  // One stop for the tab key: the passage that is heard, or the first.
  const isStop = useComputed(() => run.cue !== null && run.cue === Math.max(0, marked.value));
  if (run.cue === null) return <span class={watch.recording.value ? "between" : "unspoken"}>{text}</span>;
  return (
    <span
      role="button"
      class="passage"
      data-cue={run.cue}
      tabIndex={isStop.value ? 0 : -1}
      aria-current={isMarked.value ? "true" : undefined}
    >
      {text}
    </span>
  );
}

function step(event: KeyboardEvent, sheet: HTMLElement | null): void {
  const here = (event.target as HTMLElement).closest<HTMLElement>("[data-cue]");
  if (!here || !sheet) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    here.click();
    return;
  }
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const next = Number(here.dataset["cue"]) + by;
  sheet.querySelector<HTMLElement>(`[data-cue="${next}"]`)?.focus();
}

/** Into view, unless it is there: a page that moves at every passage is no pleasure to read. */
function reveal(sheet: HTMLElement | null, index: number): void {
  const passage = sheet?.querySelector<HTMLElement>(`[data-cue="${index}"]`);
  if (!passage) return;
  const { top, bottom } = passage.getBoundingClientRect();
  const floor = innerHeight - 120;
  if (top >= 80 && bottom <= floor) return;
  passage.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}
