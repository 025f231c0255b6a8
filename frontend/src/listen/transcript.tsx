/** The text of a recording. The current segment is highlighted, and a click on a segment plays it. */

import { effect, type ReadonlySignal, useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { durationS, playing, positionS, track } from "../state/player";
import type { JobWatcher } from "./job-watcher";
import { groupLists, splitParagraphs, type Paragraph, type TextRun } from "./paragraphs";
import { segmentIndexAt, type Segment } from "./segments";
import { type Mark, type Piece, splitPieces } from "./text-structure";
import "./transcript.css";

export function Transcript({ watcher, onSeek }: { watcher: JobWatcher; onSeek: (segment: Segment) => void }) {
  const container = useRef<HTMLDivElement>(null);
  const isAutoScrolling = useSignal(true);
  const groups = useComputed(() =>
    groupLists(splitParagraphs(watcher.text.value ?? "", watcher.segments.value)),
  );
  const current = useCurrentSegment(watcher);
  const messages = t.value.listen;
  const canSeek = watcher.recording.value || watcher.job.value?.status === "running";

  useEffect(
    () =>
      effect(() => {
        const index = current.value;
        if (!isAutoScrolling.value || index < 0 || track.value?.jobId !== watcher.id) return;
        requestAnimationFrame(() => scrollToSegment(container.current, index));
      }),
    [watcher],
  );

  return (
    <section class="card transcript" aria-label={messages.text}>
      <header class="row spread">
        <h2>{messages.text}</h2>
        <label class="row small">
          <input
            class="tick"
            type="checkbox"
            checked={isAutoScrolling.value}
            onChange={(event) => (isAutoScrolling.value = event.currentTarget.checked)}
          />
          {messages.autoScroll}
        </label>
      </header>
      {watcher.segments.value.length && canSeek ? <p class="small soft">{messages.textHint}</p> : null}
      <div
        ref={container}
        class="transcript-text"
        dir="auto"
        role="group"
        aria-label={messages.text}
        onKeyDown={(event) => onKeyDown(event, container.current)}
        onClick={(event) => {
          const index = (event.target as HTMLElement).closest<HTMLElement>("[data-segment]")?.dataset[
            "segment"
          ];
          const segment = index === undefined ? undefined : watcher.segments.value[Number(index)];
          if (segment) onSeek(segment);
        }}
      >
        {groups.value.map((group) => (
          <BlockGroup key={group[0]?.start} group={group} watcher={watcher} current={current} />
        ))}
      </div>
    </section>
  );
}

/** The index of the segment that is playing; for a running job that is not playing, of the latest segment; or -1. */
function useCurrentSegment(watcher: JobWatcher): ReadonlySignal<number> {
  return useComputed(() => {
    const segments = watcher.segments.value;
    if (track.value?.jobId === watcher.id) {
      const hasEnded = !playing.value && durationS.value > 0 && positionS.value >= durationS.value - 0.05;
      return hasEnded ? -1 : segmentIndexAt(segments, positionS.value);
    }
    return watcher.job.value?.status === "running" ? segments.length - 1 : -1;
  });
}

interface TextContext {
  watcher: JobWatcher;
  current: ReadonlySignal<number>;
}

/** A list, or a single block. The headings of the text are below those of the screen. */
function BlockGroup({ group, ...context }: { group: readonly Paragraph[] } & TextContext) {
  const [first] = group;
  if (!first) return null;
  if (first.kind === "rule") return <hr />;
  const texts = group.map((paragraph) => (
    <ParagraphText key={paragraph.start} paragraph={paragraph} {...context} />
  ));
  if (first.kind === "bullet") return <ul>{texts.map((text) => <li key={text.key}>{text}</li>)}</ul>;
  if (first.kind === "numbered")
    return <ol start={first.level}>{texts.map((text) => <li key={text.key}>{text}</li>)}</ol>;
  if (first.kind === "quote") return <blockquote>{texts}</blockquote>;
  if (first.kind === "text") return <p>{texts}</p>;
  const Heading = HEADINGS[Math.min(first.level, HEADINGS.length) - 1] ?? "h3";
  return <Heading>{texts}</Heading>;
}

const HEADINGS = ["h3", "h4", "h5", "h6"] as const;

function ParagraphText({ paragraph, watcher, current }: { paragraph: Paragraph } & TextContext) {
  return (
    <>
      {paragraph.runs.map((run) => (
        <RunText key={run.start} run={run} marks={paragraph.marks} watcher={watcher} current={current} />
      ))}
    </>
  );
}

function RunText({ run, marks, watcher, current }: { run: TextRun; marks: readonly Mark[] } & TextContext) {
  const pieces = splitPieces(watcher.text.value ?? "", run.start, run.end, marks);
  const isCurrent = useComputed(() => run.segment !== null && current.value === run.segment);
  // Only one segment is a stop of the Tab key: the current one, or the first.
  const isTabStop = useComputed(() => run.segment !== null && run.segment === Math.max(0, current.value));
  const text = pieces.map((piece, index) => <StyledText key={index} piece={piece} />);
  if (run.segment === null)
    return <span class={watcher.recording.value ? "between" : "unspoken"}>{text}</span>;
  return (
    <span
      role="button"
      class="segment"
      data-segment={run.segment}
      tabIndex={isTabStop.value ? 0 : -1}
      aria-current={isCurrent.value ? "true" : undefined}
    >
      {text}
    </span>
  );
}

function StyledText({ piece }: { piece: Piece }) {
  return piece.styles.reduceRight<ComponentChildren>((inner, Style) => <Style>{inner}</Style>, piece.text);
}

function onKeyDown(event: KeyboardEvent, container: HTMLElement | null): void {
  const focused = (event.target as HTMLElement).closest<HTMLElement>("[data-segment]");
  if (!focused || !container) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    focused.click();
    return;
  }
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const next = Number(focused.dataset["segment"]) + step;
  container.querySelector<HTMLElement>(`[data-segment="${next}"]`)?.focus();
}

// Room for the bars at the top and the bottom of the page.
const TOP_MARGIN_PX = 80;
const BOTTOM_MARGIN_PX = 120;

/** Scrolls only when the segment is out of view. */
function scrollToSegment(container: HTMLElement | null, index: number): void {
  const element = container?.querySelector<HTMLElement>(`[data-segment="${index}"]`);
  if (!element) return;
  const { top, bottom } = element.getBoundingClientRect();
  if (top >= TOP_MARGIN_PX && bottom <= innerHeight - BOTTOM_MARGIN_PX) return;
  const isMotionReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "center", behavior: isMotionReduced ? "auto" : "smooth" });
}
