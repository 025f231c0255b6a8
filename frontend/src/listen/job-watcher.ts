/** Follows one job until its end: by its events while it runs, by its recording afterwards. */

import { batch, computed, signal } from "@preact/signals";
import { api, dataOf, Failure, type Job, type Recording, serviceUrl } from "../api/client";
import { setKept } from "../library/retention";
import { CharacterOffsets, parseSegments, type Segment, type SegmentTuple } from "./segments";

const POLL_INTERVAL_MS = 3000;
const RENDER_INTERVAL_MS = 200;
const RECONNECT_DELAYS_MS = [500, 1000, 2000, 5000];
const TERMINAL_STATUSES = ["completed", "failed", "cancelled"] as const;

/** The data of an event. `spoken` in a snapshot has all segments so far, `cues` in progress has the new ones. */
type JobEvent = Partial<Job> & { cues?: SegmentTuple[]; spoken?: SegmentTuple[] };

export class JobWatcher {
  readonly job = signal<Job | null>(null);
  /** Set when the job has completed. The service keeps it longer than the job. */
  readonly recording = signal<Recording | null>(null);
  readonly segments = signal<readonly Segment[]>([]);
  readonly isDisconnected = signal(false);
  readonly failure = signal<Failure | null>(null);
  readonly text = computed(() => this.recording.value?.text ?? this.job.value?.text ?? null);
  readonly title = computed(() => this.recording.value?.title ?? this.job.value?.title ?? "");

  readonly #offsets = computed(() => new CharacterOffsets(this.text.value ?? ""));
  #events: EventSource | null = null;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  #pollTimer: ReturnType<typeof setInterval> | undefined;
  #renderTimer: ReturnType<typeof setTimeout> | undefined;
  /** Received, but not shown yet. */
  readonly #pendingSegments: SegmentTuple[] = [];
  #reconnects = 0;
  #isClosed = false;

  constructor(readonly id: string) {
    document.addEventListener("visibilitychange", this.#onVisibilityChange);
    void this.#start();
  }

  close(): void {
    this.#isClosed = true;
    document.removeEventListener("visibilitychange", this.#onVisibilityChange);
    this.#stop();
  }

  /** A browser allows six connections per host for all tabs together, so a hidden tab closes its own. */
  readonly #onVisibilityChange = (): void => {
    if (document.hidden) this.#stop();
    else if (!this.recording.value) void this.#start();
  };

  async cancel(): Promise<void> {
    await dataOf(api.POST("/jobs/{job_id}/cancel", this.#path));
    await this.#start();
  }

  /** Lets the job complete with the segments that are spoken. */
  async stopAndKeep(): Promise<void> {
    const query = { keep_spoken: true };
    await dataOf(api.POST("/jobs/{job_id}/cancel", { params: { ...this.#path.params, query } }));
  }

  async retry(): Promise<void> {
    await dataOf(api.POST("/jobs/{job_id}/retry", this.#path));
    this.#setSegments([]);
    await this.#start();
  }

  async delete(): Promise<void> {
    await dataOf(api.DELETE("/jobs/{job_id}", this.#path));
  }

  async rename(title: string): Promise<void> {
    this.recording.value = await dataOf(api.PATCH("/history/{job_id}", { ...this.#path, body: { title } }));
  }

  async setKept(kept: boolean): Promise<void> {
    this.recording.value = await setKept(this.id, kept);
  }

  async reload(): Promise<void> {
    this.failure.value = null;
    await this.#start();
  }

  get #path() {
    return { params: { path: { job_id: this.id } } };
  }

  async #start(): Promise<void> {
    this.#stop();
    try {
      await this.#loadJob();
    } catch (caught) {
      const failure = caught as Failure;
      if (failure.isGone) await this.#loadRecording(failure);
      else if (failure.status === 0 || failure.status >= 500) this.#reconnectLater();
      else this.failure.value = failure;
      return;
    }
    if (this.job.value && isTerminal(this.job.value)) await this.#loadRecording();
    else if (!document.hidden) this.#subscribe();
  }

  /** Also polled, because events do not have the queue position and the remaining time. */
  async #loadJob(): Promise<void> {
    const job = await dataOf(api.GET("/jobs/{job_id}", this.#path));
    if (!this.#isClosed) this.job.value = job;
  }

  #subscribe(): void {
    // `#start` may have run twice at once. Only the last subscription stays.
    this.#stop();
    if (this.#isClosed) return;
    const events = new EventSource(serviceUrl(`/jobs/${encodeURIComponent(this.id)}/events`));
    this.#events = events;
    events.onopen = () => {
      this.isDisconnected.value = false;
      this.#reconnects = 0;
    };
    events.onerror = () => {
      this.isDisconnected.value = true;
      // The browser does not reconnect after an answer that is not a stream, such as an error of a proxy.
      if (events.readyState === EventSource.CLOSED) this.#reconnectLater();
    };
    const on = (name: string, handle: (data: JobEvent) => void): void =>
      events.addEventListener(name, (event) =>
        handle(JSON.parse((event as MessageEvent<string>).data) as JobEvent),
      );
    on("snapshot", (data) => {
      batch(() => {
        this.job.value = { ...(data as Job), queue_position: this.job.value?.queue_position ?? null };
        this.#setSegments(data.spoken ?? []);
      });
      if (isTerminal(data as Job)) void this.#start();
    });
    on("started", () => this.#updateJob({ status: "running", queue_position: null }));
    on("progress", (data) => this.#onProgress(data as JobEvent & Job["progress"]));
    for (const name of ["queued", "retrying"]) {
      on(name, () => {
        this.#setSegments([]);
        this.#updateJob({
          status: "queued",
          progress: { segments_done: 0, segments_total: null, percent: 0, eta_s: null },
        });
      });
    }
    for (const name of TERMINAL_STATUSES) on(name, () => void this.#start());
    this.#pollTimer = setInterval(() => this.#loadJob().catch(() => undefined), POLL_INTERVAL_MS);
  }

  #onProgress(data: JobEvent & Job["progress"]): void {
    const { segments_done, segments_total } = data;
    this.#updateJob({
      status: "running",
      queue_position: null,
      progress: {
        segments_done,
        segments_total,
        percent: segments_total ? (100 * segments_done) / segments_total : 0,
        eta_s: this.job.value?.progress.eta_s ?? null,
      },
    });
    if (!data.cues?.length) return;
    this.#pendingSegments.push(...data.cues);
    this.#renderTimer ??= setTimeout(() => this.#showPendingSegments(), RENDER_INTERVAL_MS);
  }

  /** Shows segments in batches: a fast engine completes a hundred of them a second. */
  #showPendingSegments(): void {
    this.#renderTimer = undefined;
    this.segments.value = [...this.segments.value, ...this.#parse(this.#pendingSegments.splice(0))];
  }

  #setSegments(tuples: readonly SegmentTuple[]): void {
    clearTimeout(this.#renderTimer);
    this.#renderTimer = undefined;
    this.#pendingSegments.length = 0;
    this.segments.value = this.#parse(tuples);
  }

  /** Loads the recording of a completed job, or of one whose row is already deleted (`jobIsGone`). */
  async #loadRecording(jobIsGone?: Failure): Promise<void> {
    const job = this.job.value;
    if (!jobIsGone && job?.status !== "completed") return;
    try {
      const recording = await dataOf(api.GET("/history/{job_id}", this.#path));
      const segments = await this.#loadSegments();
      batch(() => {
        this.recording.value = recording;
        // Without captions, the segments from the events stay.
        if (segments) this.#setSegments(segments);
        this.isDisconnected.value = false;
      });
    } catch (caught) {
      const failure = caught as Failure;
      if (failure.isGone) this.failure.value = jobIsGone ?? failure;
      else this.#reconnectLater();
    }
  }

  /** From the captions. Null when the recording has none. */
  async #loadSegments(): Promise<SegmentTuple[] | null> {
    try {
      const { segments } = await dataOf(api.GET("/jobs/{job_id}/captions.json", this.#path));
      return segments.map(({ start_s, end_s, start, end }) => [start_s, end_s, start, end]);
    } catch (failure) {
      if ((failure as Failure).isGone) return null;
      throw failure;
    }
  }

  #reconnectLater(): void {
    this.#stop();
    if (this.#isClosed) return;
    this.isDisconnected.value = true;
    const delayMs = RECONNECT_DELAYS_MS[Math.min(this.#reconnects++, RECONNECT_DELAYS_MS.length - 1)];
    this.#reconnectTimer = setTimeout(() => void this.#start(), delayMs);
  }

  #stop(): void {
    this.#events?.close();
    this.#events = null;
    clearTimeout(this.#reconnectTimer);
    clearInterval(this.#pollTimer);
  }

  #updateJob(changes: Partial<Job>): void {
    if (this.job.value) this.job.value = { ...this.job.value, ...changes };
  }

  #parse(tuples: readonly SegmentTuple[]): Segment[] {
    return parseSegments(tuples, this.#offsets.value);
  }
}

function isTerminal(job: Job): boolean {
  return (TERMINAL_STATUSES as readonly string[]).includes(job.status);
}
