/** What is seen of the list, and holding on to it: what comes or goes above moves nothing of what one reads. */

import type { Row } from "./rows";
import { drawn, reveal, type Range } from "./windowing";

export interface View extends Range {
  seenFirst: number;
  seenEnd: number;
  rowHeight: number;
  perPage: number;
  /** Whether a row is one line of columns, or a card. */
  wide: boolean;
}

/** The first row that is seen, and how far its upper edge is from that of the view. */
interface Anchor {
  jobId: string;
  offset: number;
}

const WIDE_REM = 46;
/** The heights that library.css gives to rows. */
const ROW_REM = { wide: 4.5, narrow: 7.25 };

// One comes back to the place where one was.
let anchor: Anchor | null = null;

/** Forget the place: something else is shown from now on. */
export function toTheTop(): void {
  anchor = null;
  document.getElementById("main")?.scrollTo(0, 0);
}

export class Viewport {
  view: View = { first: 0, end: 0, seenFirst: 0, seenEnd: 0, rowHeight: 72, perPage: 1, wide: true };
  private box: HTMLElement | null = null;
  private scroller: HTMLElement | null = null;
  private told: View | null = null;
  private readonly found = anchor;
  private rows: readonly Row[] = [];
  private onView: (view: View) => void = () => undefined;

  /** Returns what lets go of it. */
  attach(box: HTMLElement, onView: (view: View) => void): () => void {
    this.box = box;
    this.scroller = box.closest<HTMLElement>(".main");
    this.onView = onView;
    const onScroll = (): void => this.look();
    this.scroller?.addEventListener("scroll", onScroll, { passive: true });
    const resized = new ResizeObserver(() => this.settle(this.rows));
    for (const element of [this.scroller, box.parentElement, box.closest(".screen")]) if (element) resized.observe(element);
    return () => {
      resized.disconnect();
      this.scroller?.removeEventListener("scroll", onScroll);
      this.box = null;
    };
  }

  /** Go where one was. Behind the frame, which scrolls a new screen to its top. Returns what calls it off. */
  restore(): () => void {
    const frame = requestAnimationFrame(() => {
      anchor = this.found;
      this.settle(this.rows);
    });
    return () => cancelAnimationFrame(frame);
  }

  /** The rows, or the place around them, are others now. */
  settle(rows: readonly Row[]): void {
    this.rows = rows;
    if (!this.box || !this.scroller) return;
    this.measure();
    const at = anchor ? rows.findIndex((row) => row.jobId === anchor?.jobId) : -1;
    // It may have to grow before one can scroll in it.
    this.box.style.height = `${rows.length * this.view.rowHeight}px`;
    if (anchor && at >= 0) this.scroller.scrollTop += at * this.view.rowHeight - this.above() - anchor.offset;
    this.look();
  }

  reveal(index: number): void {
    if (!this.box || !this.scroller) return;
    const { rowHeight } = this.view;
    const view = this.scroller.getBoundingClientRect();
    const covered = this.box.parentElement?.querySelector(".recordings-head")?.clientHeight ?? 0;
    const top = this.box.getBoundingClientRect().top + index * rowHeight;
    this.scroller.scrollTop += reveal({
      top,
      bottom: top + rowHeight,
      viewTop: view.top + covered,
      viewBottom: view.bottom,
    });
    this.look();
  }

  /** How many pixels of the list lie above what is seen. */
  private above(): number {
    return (this.scroller?.getBoundingClientRect().top ?? 0) - (this.box?.getBoundingClientRect().top ?? 0);
  }

  private measure(): void {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const wide = (this.box?.clientWidth ?? 0) >= WIDE_REM * rem;
    const rowHeight = Math.round((wide ? ROW_REM.wide : ROW_REM.narrow) * rem);
    this.view = { ...this.view, wide, rowHeight };
  }

  private look(): void {
    const { rowHeight } = this.view;
    const [above, viewHeight, count] = [this.above(), this.scroller?.clientHeight ?? 0, this.rows.length];
    const top = Math.floor(above / rowHeight);
    const row = this.rows[top];
    anchor = above > 0 && row ? { jobId: row.jobId, offset: top * rowHeight - above } : null;
    const seenFirst = Math.min(count, Math.max(0, Math.ceil(above / rowHeight)));
    const seenEnd = Math.min(count, Math.max(0, Math.floor((above + viewHeight) / rowHeight)));
    const next: View = {
      ...this.view,
      ...drawn({ above, viewHeight, rowHeight, count }),
      seenFirst,
      seenEnd,
      perPage: Math.max(1, Math.floor(viewHeight / rowHeight)),
    };
    const isSame = Object.entries(next).every(([name, value]) => value === this.told?.[name as keyof View]);
    this.view = next;
    if (isSame) return;
    this.told = next;
    this.onView(next);
  }
}
