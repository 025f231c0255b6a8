import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Batch,
  createRemovals,
  type Refusal,
  type RemovalEnvironment,
  UNDO_MS,
} from "./pending-removals";

/** A fake browser and service. All tabs share its storage. */
class FakeEnvironment {
  stored: readonly Batch[] = [];
  canStore = true;
  sent: string[][] = [];
  due: string[] = [];
  refused: Refusal[] = [];
  offers = new Map<string, () => void>();
  reasons = new Map<string, string>();
  responseDelayMs = 0;
  private last = 0;

  /** A closed tab reads no stored batches, so it sends nothing. */
  tab(tabState: { closed: boolean } = { closed: false }): RemovalEnvironment {
    return {
      now: () => Date.now(),
      newId: () => `batch-${++this.last}`,
      readBatches: () => (tabState.closed ? [] : this.stored),
      writeBatches: (batches) => {
        if (this.canStore) this.stored = batches;
        return this.canStore;
      },
      offerUndo: (batch, _leftMs, undo) => {
        this.offers.set(batch.id, undo);
        return () => this.offers.delete(batch.id);
      },
      send: async (jobIds) => {
        this.sent.push([...jobIds]);
        await new Promise((done) => setTimeout(done, this.responseDelayMs));
        return jobIds.flatMap((jobId) => {
          const reason = this.reasons.get(jobId);
          return reason ? [{ jobId, reason }] : [];
        });
      },
      beforeSend: (jobIds) => this.due.push(...jobIds),
      onRefused: (refusals) => this.refused.push(...refusals),
    };
  }

  undoFirst(): void {
    const [first] = this.offers.values();
    first?.();
  }
}

let environment: FakeEnvironment;

beforeEach(() => {
  vi.useFakeTimers();
  environment = new FakeEnvironment();
});
afterEach(() => vi.useRealTimers());

const hidden = (removals: ReturnType<typeof createRemovals>): string[] => [...removals.hidden.value];

describe("deleting", () => {
  it("hides recordings at once and deletes them when the time to undo is over", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a", "b"]);
    expect(hidden(removals)).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect(environment.sent).toEqual([]);
    expect(environment.due).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(environment.sent).toEqual([["a", "b"]]);
    expect(environment.due).toEqual(["a", "b"]);
    await vi.runAllTimersAsync();
    expect(hidden(removals)).toEqual(["a", "b"]);
    expect(environment.stored).toEqual([]);
    expect(environment.offers.size).toBe(0);
  });

  it("sends nothing after an undo", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    environment.undoFirst();
    expect(hidden(removals)).toEqual([]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
    expect(environment.stored).toEqual([]);
  });

  it("undoes the latest batch first, until none is left", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    removals.remove(["b"]);
    expect(removals.undo()).toBe(true);
    expect(hidden(removals)).toEqual(["a"]);
    expect(removals.undo()).toBe(true);
    expect(removals.undo()).toBe(false);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
  });

  it("cannot be undone once it is sent", async () => {
    environment.responseDelayMs = 500;
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS + 100);
    expect(removals.undo()).toBe(false);
    expect(environment.offers.size).toBe(0);
    expect(hidden(removals)).toEqual(["a"]);
  });

  it("deletes each recording only once", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    removals.remove(["a", "b"]);
    removals.remove(["b"]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([["a"], ["b"]]);
  });

  it("shows refused recordings again, with the reason", async () => {
    environment.reasons.set("b", "The database does not answer.");
    const removals = createRemovals(environment.tab());
    removals.remove(["a", "b"]);
    await vi.runAllTimersAsync();
    expect(hidden(removals)).toEqual(["a"]);
    expect(environment.refused).toEqual([{ jobId: "b", reason: "The database does not answer." }]);
    expect(environment.stored).toEqual([]);
    removals.remove(["b"]);
    expect(hidden(removals)).toEqual(["a", "b"]);
  });
});

describe("after a reload", () => {
  it("waits only for the remaining time", async () => {
    const tabState = { closed: false };
    createRemovals(environment.tab(tabState)).remove(["a"]);
    await vi.advanceTimersByTimeAsync(5000);
    tabState.closed = true;
    const reopened = createRemovals(environment.tab());
    reopened.resume();
    expect(hidden(reopened)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 5001);
    expect(environment.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(environment.sent).toEqual([["a"]]);
  });

  it("can still be undone", async () => {
    const tabState = { closed: false };
    createRemovals(environment.tab(tabState)).remove(["a"]);
    tabState.closed = true;
    environment.offers.clear();
    const reopened = createRemovals(environment.tab());
    reopened.resume();
    environment.undoFirst();
    await vi.runAllTimersAsync();
    expect(hidden(reopened)).toEqual([]);
    expect(environment.sent).toEqual([]);
  });

  it("sends an overdue batch at once", async () => {
    environment.stored = [{ id: "old", jobIds: ["a"], dueAt: Date.now() - 86_400_000 }];
    const removals = createRemovals(environment.tab());
    removals.resume();
    expect(environment.offers.size).toBe(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(environment.sent).toEqual([["a"]]);
  });
});

describe("in two tabs", () => {
  it("does not send what the other tab has undone", async () => {
    const [one, other] = [createRemovals(environment.tab()), createRemovals(environment.tab())];
    one.remove(["a"]);
    other.resume();
    expect(hidden(other)).toEqual(["a"]);
    expect(one.undo()).toBe(true);
    other.resume();
    expect(hidden(other)).toEqual([]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
  });

  it("checks storage before sending, in case it missed an undo", async () => {
    const [one, other] = [createRemovals(environment.tab()), createRemovals(environment.tab())];
    one.remove(["a"]);
    other.resume();
    one.undo();
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
    expect(hidden(other)).toEqual([]);
  });
});

describe("without storage", () => {
  it("still deletes", async () => {
    environment.canStore = false;
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    removals.resume();
    expect(hidden(removals)).toEqual(["a"]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([["a"]]);
    expect(hidden(removals)).toEqual(["a"]);
  });
});
