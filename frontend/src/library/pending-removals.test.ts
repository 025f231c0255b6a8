import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { removals, UNDO_MS, type Batch, type Refusal, type World } from "./pending-removals";

/** A browser and a service, as far as deleting knows them. Two tabs share one `kept`. */
class Stage {
  kept: readonly Batch[] = [];
  canKeep = true;
  sent: string[][] = [];
  due: string[] = [];
  refused: Refusal[] = [];
  offers = new Map<string, () => void>();
  refuses = new Map<string, string>();
  answersAfterMs = 0;
  private last = 0;

  /** `closed` tabs find nothing kept, and therefore do nothing more. */
  tab(life: { closed: boolean } = { closed: false }): World {
    return {
      now: () => Date.now(),
      newId: () => `batch-${++this.last}`,
      recall: () => (life.closed ? [] : this.kept),
      remember: (batches) => {
        if (this.canKeep) this.kept = batches;
        return this.canKeep;
      },
      announce: (batch, _leftMs, undo) => {
        this.offers.set(batch.id, undo);
        return () => this.offers.delete(batch.id);
      },
      send: async (jobIds) => {
        this.sent.push([...jobIds]);
        await new Promise((done) => setTimeout(done, this.answersAfterMs));
        return jobIds.flatMap((jobId) => {
          const why = this.refuses.get(jobId);
          return why ? [{ jobId, why }] : [];
        });
      },
      onDue: (jobIds) => this.due.push(...jobIds),
      onRefused: (refusals) => this.refused.push(...refusals),
    };
  }

  undoIt(): void {
    const [first] = this.offers.values();
    first?.();
  }
}

let stage: Stage;

beforeEach(() => {
  vi.useFakeTimers();
  stage = new Stage();
});
afterEach(() => vi.useRealTimers());

const shown = (made: ReturnType<typeof removals>): string[] => [...made.hidden.value];

describe("deleting", () => {
  it("hides at once and tells the service when the time to undo is over", async () => {
    const made = removals(stage.tab());
    made.remove(["a", "b"]);
    expect(shown(made)).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect(stage.sent).toEqual([]);
    expect(stage.due).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stage.sent).toEqual([["a", "b"]]);
    expect(stage.due).toEqual(["a", "b"]);
    await vi.runAllTimersAsync();
    expect(shown(made)).toEqual(["a", "b"]);
    expect(stage.kept).toEqual([]);
    expect(stage.offers.size).toBe(0);
  });

  it("is undone as if nothing had been", async () => {
    const made = removals(stage.tab());
    made.remove(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    stage.undoIt();
    expect(shown(made)).toEqual([]);
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([]);
    expect(stage.kept).toEqual([]);
  });

  it("undoes the latest first, by a key, until there is none", async () => {
    const made = removals(stage.tab());
    made.remove(["a"]);
    made.remove(["b"]);
    expect(made.undo()).toBe(true);
    expect(shown(made)).toEqual(["a"]);
    expect(made.undo()).toBe(true);
    expect(made.undo()).toBe(false);
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([]);
  });

  it("cannot be undone once it is sent", async () => {
    stage.answersAfterMs = 500;
    const made = removals(stage.tab());
    made.remove(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS + 100);
    expect(made.undo()).toBe(false);
    expect(stage.offers.size).toBe(0);
    expect(shown(made)).toEqual(["a"]);
  });

  it("takes each recording once", async () => {
    const made = removals(stage.tab());
    made.remove(["a"]);
    made.remove(["a", "b"]);
    made.remove(["b"]);
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([["a"], ["b"]]);
  });

  it("brings back what was refused, and says why", async () => {
    stage.refuses.set("b", "The database does not answer.");
    const made = removals(stage.tab());
    made.remove(["a", "b"]);
    await vi.runAllTimersAsync();
    expect(shown(made)).toEqual(["a"]);
    expect(stage.refused).toEqual([{ jobId: "b", why: "The database does not answer." }]);
    expect(stage.kept).toEqual([]);
    made.remove(["b"]);
    expect(shown(made)).toEqual(["a", "b"]);
  });
});

describe("after a reload", () => {
  it("goes on for what is left of the time", async () => {
    const life = { closed: false };
    removals(stage.tab(life)).remove(["a"]);
    await vi.advanceTimersByTimeAsync(5000);
    life.closed = true;
    const again = removals(stage.tab());
    again.resume();
    expect(shown(again)).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS - 5001);
    expect(stage.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stage.sent).toEqual([["a"]]);
  });

  it("can still be undone", async () => {
    const life = { closed: false };
    removals(stage.tab(life)).remove(["a"]);
    life.closed = true;
    stage.offers.clear();
    const again = removals(stage.tab());
    again.resume();
    stage.undoIt();
    await vi.runAllTimersAsync();
    expect(shown(again)).toEqual([]);
    expect(stage.sent).toEqual([]);
  });

  it("sends at once what should have been sent long ago", async () => {
    stage.kept = [{ id: "old", jobIds: ["a"], dueAt: Date.now() - 86_400_000 }];
    const made = removals(stage.tab());
    made.resume();
    expect(stage.offers.size).toBe(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(stage.sent).toEqual([["a"]]);
  });
});

describe("in two tabs", () => {
  it("what one undoes, the other does not send", async () => {
    const [one, other] = [removals(stage.tab()), removals(stage.tab())];
    one.remove(["a"]);
    other.resume();
    expect(shown(other)).toEqual(["a"]);
    expect(one.undo()).toBe(true);
    other.resume();
    expect(shown(other)).toEqual([]);
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([]);
  });

  it("a tab that heard nothing of it looks before it sends", async () => {
    const [one, other] = [removals(stage.tab()), removals(stage.tab())];
    one.remove(["a"]);
    other.resume();
    one.undo();
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([]);
    expect(shown(other)).toEqual([]);
  });
});

describe("where the browser keeps nothing", () => {
  it("deletes all the same", async () => {
    stage.canKeep = false;
    const made = removals(stage.tab());
    made.remove(["a"]);
    made.resume();
    expect(shown(made)).toEqual(["a"]);
    await vi.runAllTimersAsync();
    expect(stage.sent).toEqual([["a"]]);
    expect(shown(made)).toEqual(["a"]);
  });
});
