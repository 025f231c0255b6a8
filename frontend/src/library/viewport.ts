/** What is seen of the list, and holding on to it: what comes or goes above moves nothing of what one reads. */

import type { Row } from "./rows";
import { renderedRange, scrollDelta, type RowRange } from "./windowing";

export interface View extends RowRange {
  visibleFirst: number;
  visibleEnd: number;
  rowHeight: number;
  rowsPerPage: number;
  /** Whether a row is one line of columns, or a card. */
  isWide: boolean;
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
export function resetScroll(): void {
  anchor = null;
  document.getElementById("main")?.scrollTo(0, 0);
}

export class Viewport {
  view: View = { first: 0, end: 0, visibleFirst: 0, visibleEnd: 0, rowHeight: 72, rowsPerPage: 1, isWide: true };
  private list: HTMLElement | null = null;
  private scroller: HTMLElement | null = null;
  private lastReported: View | null = null;
  private readonly savedAnchor = anchor;
  private rows: readonly Row[] = [];
  private onView: (view: View) => void = () => undefined;

  /** Returns what lets go of it. */
  attach(list: HTMLElement, onView: (view: View) => void): () => void {
    this.list = list;
    this.scroller = list.closest<HTMLElement>(".main");
    this.onView = onView;
    const onScroll = (): void => this.update();
    this.scroller?.addEventListener("scroll", onScroll, { passive: true });
    const resized = new ResizeObserver(() => this.setRows(this.rows));
    for (const element of [this.scroller, list.parentElement, list.closest(".screen")]) if (element) resized.observe(element);
    return () => {
      resized.disconnect();
      this.scroller?.removeEventListener("scroll", onScroll);
      this.list = null;
    };
  }

  /** Go where one was. Behind the frame, which scrolls a new screen to its top. Returns what calls it off. */
  restore(): () => void {
    const frame = requestAnimationFrame(() => {
      anchor = this.savedAnchor;
      this.setRows(this.rows);
    });
    return () => cancelAnimationFrame(frame);
  }

  /** The rows, or the place around them, are others now. */
  setRows(rows: readonly Row[]): void {
    this.rows = rows;
    if (!this.list || !this.scroller) return;
    this.measure();
    const index = anchor ? rows.findIndex((row) => row.jobId === anchor?.jobId) : -1;
    // It may have to grow before one can scroll in it.
    this.list.style.height = `${rows.length * this.view.rowHeight}px`;
    if (anchor && index >= 0) this.scroller.scrollTop += index * this.view.rowHeight - this.pixelsAbove() - anchor.offset;
    this.update();
  }

  scrollToRow(index: number): void {
    if (!this.list || !this.scroller) return;
    const { rowHeight } = this.view;
    const view = this.scroller.getBoundingClientRect();
    const covered = this.list.parentElement?.querySelector(".recordings-header")?.clientHeight ?? 0;
    const top = this.list.getBoundingClientRect().top + index * rowHeight;
    this.scroller.scrollTop += scrollDelta({
      top,
      bottom: top + rowHeight,
      viewTop: view.top + covered,
      viewBottom: view.bottom,
    });
    this.update();
  }

  /** How many pixels of the list lie above what is seen. */
  private pixelsAbove(): number {
    return (this.scroller?.getBoundingClientRect().top ?? 0) - (this.list?.getBoundingClientRect().top ?? 0);
  }

  private measure(): void {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    const isWide = (this.list?.clientWidth ?? 0) >= WIDE_REM * rem;
    const rowHeight = Math.round((isWide ? ROW_REM.wide : ROW_REM.narrow) * rem);
    this.view = { ...this.view, isWide, rowHeight };
  }

  private update(): void {
    const { rowHeight } = this.view;
    const [pixelsAbove, viewHeight, count] = [this.pixelsAbove(), this.scroller?.clientHeight ?? 0, this.rows.length];
    const top = Math.floor(pixelsAbove / rowHeight);
    const row = this.rows[top];
    anchor = pixelsAbove > 0 && row ? { jobId: row.jobId, offset: top * rowHeight - pixelsAbove } : null;
    const visibleFirst = Math.min(count, Math.max(0, Math.ceil(pixelsAbove / rowHeight)));
    const visibleEnd = Math.min(count, Math.max(0, Math.floor((pixelsAbove + viewHeight) / rowHeight)));
    const next: View = {
      ...this.view,
      ...renderedRange({ pixelsAbove, viewHeight, rowHeight, count }),
      visibleFirst,
      visibleEnd,
      rowsPerPage: Math.max(1, Math.floor(viewHeight / rowHeight)),
    };
    const isSame = Object.entries(next).every(([name, value]) => value === this.lastReported?.[name as keyof View]);
    this.view = next;
    if (isSame) return;
    this.lastReported = next;
    this.onView(next);
  }
}
