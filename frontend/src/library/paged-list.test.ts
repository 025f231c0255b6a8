import { describe, expect, it } from "vitest";
import type { Failure } from "../api/client";
import { NO_FILTERS } from "./filters";
import { createPagedList, type FetchPage } from "./paged-list";
import type { Page, Row } from "./rows";

function row(jobId: string): Row {
  return {
    jobId,
    title: jobId,
    excerpt: "",
    voiceId: "v",
    model: "m",
    format: "wav",
    durationS: 1,
    sizeBytes: 1,
    createdAt: "",
  isKept: false,
  isBeep: false,
  expiresAt: null,
  };
}

/** A fake service with three recordings per page. It can hold back its responses. */
class Service {
  ids: string[];
  calls: { q: string; cursor: string | null; signal: AbortSignal }[] = [];
  trouble: Failure | null = null;
  held: (() => void)[] | null = null;

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, at) => `r${String(at).padStart(2, "0")}`);
  }

  fetch: FetchPage = async (filters, cursor, signal): Promise<Page> => {
    this.calls.push({ q: filters.q, cursor, signal });
    if (this.held) await new Promise<void>((go) => this.held?.push(go));
    if (this.trouble) throw this.trouble;
    const found = this.ids.filter((id) => id.includes(filters.q));
    const from = cursor === null ? 0 : found.findIndex((id) => id > cursor);
    const shown = from < 0 ? [] : found.slice(from, from + 3);
    return {
      rows: shown.map(row),
      nextCursor: from >= 0 && found.length > from + 3 ? (shown.at(-1) ?? null) : null,
    };
  };
}

const ids = (list: ReturnType<typeof createPagedList>): string[] => list.rows.value.map((one) => one.jobId);

describe("createPagedList", () => {
  it("loads page after page up to the last", async () => {
    const service = new Service(7);
    const list = createPagedList(service.fetch);
    await list.show(NO_FILTERS);
    expect(ids(list)).toEqual(["r00", "r01", "r02"]);
    await list.loadMore();
    await list.loadMore();
    expect(ids(list)).toEqual(service.ids);
    expect(list.isComplete.value).toBe(true);
    await list.loadMore();
    expect(service.calls).toHaveLength(3);
  });

  it("shows the result of the last request, in whatever order responses arrive", async () => {
    const service = new Service(12);
    const list = createPagedList(service.fetch);
    service.held = [];
    const first = list.show({ ...NO_FILTERS, q: "r0" });
    const second = list.show({ ...NO_FILTERS, q: "r1" });
    expect(service.calls[0]?.signal.aborted).toBe(true);
    service.held[1]?.();
    await second;
    service.held[0]?.();
    await first;
    expect(ids(list)).toEqual(["r10", "r11"]);
    expect(list.isLoading.value).toBe(false);
  });

  it("keeps loaded rows and adds new ones when the same filters are shown again", async () => {
    const service = new Service(9);
    const list = createPagedList(service.fetch);
    await list.show(NO_FILTERS);
    await list.loadMore();
    service.ids = ["n1", ...service.ids];
    await list.show({ ...NO_FILTERS });
    expect(ids(list)).toEqual(["n1", "r00", "r01", "r02", "r03", "r04", "r05"]);
    await list.loadMore();
    expect(ids(list).at(-1)).toBe("r08");
  });

  it("keeps its rows when a page fails, and continues on retry", async () => {
    const service = new Service(5);
    const list = createPagedList(service.fetch);
    await list.show(NO_FILTERS);
    service.trouble = { code: "unreachable" } as Failure;
    await list.loadMore();
    expect(list.failure.value?.code).toBe("unreachable");
    expect(ids(list)).toHaveLength(3);
    service.trouble = null;
    await list.loadMore();
    expect(ids(list)).toHaveLength(5);
    expect(list.failure.value).toBeNull();
  });

  it("changes a title without a request", async () => {
    const list = createPagedList(new Service(3).fetch);
    await list.show(NO_FILTERS);
    list.update("r01", { title: "Other" });
    expect(list.rows.value.map((one) => one.title)).toEqual(["r00", "Other", "r02"]);
  });

  it("reloads the first page on retry if there is no next page", async () => {
    const service = new Service(2);
    const list = createPagedList(service.fetch);
    await list.show(NO_FILTERS);
    service.trouble = new Error("away") as Failure;
    await list.refresh();
    expect(list.failure.value).not.toBeNull();
    service.trouble = null;
    service.ids = ["r00"];
    await list.retry();
    expect(list.failure.value).toBeNull();
    expect(ids(list)).toEqual(["r00"]);
  });
});
