/** One job, from wherever it stands to its end: by its events while it goes on, by its recording afterwards. */

import { batch, computed, signal } from "@preact/signals";
import { address, answer, api, Failure, type Job, type Recording } from "../api/client";
import { titleOf } from "../state/titles";
import { Characters, readCues, type Cue, type ToldCue } from "./segments";

const LOOK_EVERY_MS = 3000;
const SHOW_EVERY_MS = 200;
const AGAIN_MS = [500, 1000, 2000, 5000];
const ENDS = ["completed", "failed", "cancelled"] as const;

type Told = Partial<Job> & { cues?: ToldCue[]; spoken?: ToldCue[] };

export class Watch {
  readonly job = signal<Job | null>(null);
  /** There once the job is finished, and longer than the job. */
  readonly recording = signal<Recording | null>(null);
  readonly cues = signal<readonly Cue[]>([]);
  readonly isLost = signal(false);
  readonly failure = signal<Failure | null>(null);
  readonly text = computed(() => this.recording.value?.text ?? this.job.value?.text ?? null);
  readonly title = computed(() => this.recording.value?.title ?? titleOf(this.job.value?.text ?? ""));

  readonly #characters = computed(() => new Characters(this.text.value ?? ""));
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: ReturnType<typeof setInterval> | undefined;
  readonly #told: ToldCue[] = [];
  #showing: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  #closed = false;

  constructor(readonly id: string) {
    document.addEventListener("visibilitychange", this.#onSeen);
    void this.#begin();
  }

  close(): void {
    this.#closed = true;
    document.removeEventListener("visibilitychange", this.#onSeen);
    this.#stop();
  }

  /** A browser has six connections to a host, for all tabs together: one that nobody looks at gives its own back. */
  readonly #onSeen = (): void => {
    if (document.hidden) this.#stop();
    else if (!this.recording.value) void this.#begin();
  };

  async cancel(): Promise<void> {
    await answer(api.POST("/jobs/{job_id}/cancel", this.#path));
    await this.#begin();
  }

  async retry(): Promise<void> {
    await answer(api.POST("/jobs/{job_id}/retry", this.#path));
    this.#forget();
    await this.#begin();
  }

  async remove(): Promise<void> {
    await answer(api.DELETE("/jobs/{job_id}", this.#path));
  }

  async rename(title: string): Promise<void> {
    this.recording.value = await answer(api.PATCH("/history/{job_id}", { ...this.#path, body: { title } }));
  }

  async again(): Promise<void> {
    this.failure.value = null;
    await this.#begin();
  }

  get #path() {
    return { params: { path: { job_id: this.id } } };
  }

  async #begin(): Promise<void> {
    this.#stop();
    try {
      await this.#look();
    } catch (caught) {
      const failure = caught as Failure;
      if (failure.isGone) await this.#settle(failure);
      else if (failure.status === 0 || failure.status >= 500) this.#later();
      else this.failure.value = failure;
      return;
    }
    if (this.job.value && isOver(this.job.value)) await this.#settle();
    else if (!document.hidden) this.#listen();
  }

  /** Place and time left are told to who asks, not by events. */
  async #look(): Promise<void> {
    const job = await answer(api.GET("/jobs/{job_id}", this.#path));
    if (!this.#closed) this.job.value = job;
  }

  #listen(): void {
    // Two beginnings may have crossed: only one of them is listened to.
    this.#stop();
    if (this.#closed) return;
    const source = new EventSource(address(`/jobs/${encodeURIComponent(this.id)}/events`));
    this.#source = source;
    source.onopen = () => {
      this.isLost.value = false;
      this.#attempts = 0;
    };
    source.onerror = () => {
      this.isLost.value = true;
      // Closed for good by an answer that was no stream: a gateway that starts, a proxy without one.
      if (source.readyState === EventSource.CLOSED) this.#later();
    };
    const on = (name: string, act: (told: Told) => void): void =>
      source.addEventListener(name, (event) => act(JSON.parse((event as MessageEvent<string>).data) as Told));
    on("snapshot", (told) => {
      batch(() => {
        this.job.value = { ...(told as Job), queue_position: this.job.value?.queue_position ?? null };
        this.#forget(told.spoken);
      });
      if (isOver(told as Job)) void this.#begin();
    });
    on("started", () => this.#merge({ status: "running", queue_position: null }));
    on("progress", (told) => this.#progress(told as Told & Job["progress"]));
    for (const name of ["queued", "retrying"]) {
      on(name, () => {
        this.#forget();
        this.#merge({ status: "queued", progress: { segments_done: 0, segments_total: null, percent: 0, eta_s: null } });
      });
    }
    for (const name of ENDS) on(name, () => void this.#begin());
    this.#looking = setInterval(() => this.#look().catch(() => undefined), LOOK_EVERY_MS);
  }

  #progress(told: Told & Job["progress"]): void {
    const { segments_done, segments_total } = told;
    this.#merge({
      status: "running",
      queue_position: null,
      progress: {
        segments_done,
        segments_total,
        percent: segments_total ? (100 * segments_done) / segments_total : 0,
        eta_s: this.job.value?.progress.eta_s ?? null,
      },
    });
    if (!told.cues?.length) return;
    this.#told.push(...told.cues);
    this.#showing ??= setTimeout(() => this.#show(), SHOW_EVERY_MS);
  }

  /** A text is not drawn anew for each of its passages: a quick engine tells a hundred of them a second. */
  #show(): void {
    this.#showing = undefined;
    this.cues.value = [...this.cues.value, ...this.#read(this.#told.splice(0))];
  }

  #forget(cues: readonly ToldCue[] = []): void {
    clearTimeout(this.#showing);
    this.#showing = undefined;
    this.#told.length = 0;
    this.cues.value = this.#read(cues);
  }

  /** The job has ended, or its row is gone already: what is left is the recording. */
  async #settle(jobIsGone?: Failure): Promise<void> {
    const job = this.job.value;
    if (!jobIsGone && job?.status !== "completed") return;
    try {
      const recording = await answer(api.GET("/history/{job_id}", this.#path));
      const cues = await this.#captions();
      batch(() => {
        this.recording.value = recording;
        // Those that were told while it was spoken stay where none were kept.
        if (cues) this.#forget(cues);
        this.isLost.value = false;
      });
    } catch (caught) {
      const failure = caught as Failure;
      if (failure.isGone) this.failure.value = jobIsGone ?? failure;
      else this.#later();
    }
  }

  async #captions(): Promise<ToldCue[] | null> {
    try {
      const { segments } = await answer(api.GET("/jobs/{job_id}/captions.json", this.#path));
      return segments.map(({ start_s, end_s, start, end }) => [start_s, end_s, start, end]);
    } catch (failure) {
      if ((failure as Failure).isGone) return null;
      throw failure;
    }
  }

  #later(): void {
    this.#stop();
    if (this.#closed) return;
    this.isLost.value = true;
    const pause = AGAIN_MS[Math.min(this.#attempts++, AGAIN_MS.length - 1)];
    this.#timer = setTimeout(() => void this.#begin(), pause);
  }

  #stop(): void {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#timer);
    clearInterval(this.#looking);
  }

  #merge(some: Partial<Job>): void {
    if (this.job.value) this.job.value = { ...this.job.value, ...some };
  }

  #read(told: readonly ToldCue[]): Cue[] {
    return readCues(told, this.#characters.value);
  }
}

export function isOver(job: Job): boolean {
  return (ENDS as readonly string[]).includes(job.status);
}
