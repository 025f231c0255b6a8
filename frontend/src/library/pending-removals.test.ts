import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRemovals, UNDO_MS, type Batch, type Refusal, type RemovalEnvironment } from "./pending-removals";

/** A browser and a service, as far as deleting knows them. Two tabs share one `kept`. */
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

  /** `closed` tabs find nothing kept, and therefore do nothing more. */
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
  it("hides at once and tells the service when the time to undo is over", async () => {
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

  it("is undone as if nothing had been", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    environment.undoFirst();
    expect(hidden(removals)).toEqual([]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
    expect(environment.stored).toEqual([]);
  });

  it("undoes the latest first, by a key, until there is none", async () => {
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

  it("takes each recording once", async () => {
    const removals = createRemovals(environment.tab());
    removals.remove(["a"]);
    removals.remove(["a", "b"]);
    removals.remove(["b"]);
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([["a"], ["b"]]);
  });

  it("brings back what was refused, and says why", async () => {
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
  it("goes on for what is left of the time", async () => {
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

  it("sends at once what should have been sent long ago", async () => {
    environment.stored = [{ id: "old", jobIds: ["a"], dueAt: Date.now() - 86_400_000 }];
    const removals = createRemovals(environment.tab());
    removals.resume();
    expect(environment.offers.size).toBe(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(environment.sent).toEqual([["a"]]);
  });
});

describe("in two tabs", () => {
  it("what one undoes, the other does not send", async () => {
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

  it("a tab that heard nothing of it looks before it sends", async () => {
    const [one, other] = [createRemovals(environment.tab()), createRemovals(environment.tab())];
    one.remove(["a"]);
    other.resume();
    one.undo();
    await vi.runAllTimersAsync();
    expect(environment.sent).toEqual([]);
    expect(hidden(other)).toEqual([]);
  });
});

describe("where the browser keeps nothing", () => {
  it("deletes all the same", async () => {
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
