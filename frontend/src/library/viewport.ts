/** Tracks the visible rows and anchors the scroll position, so that rows added or removed above move nothing. */

import { renderedRange, type RowRange, scrollDelta } from "./windowing";

export interface View extends RowRange {
  visibleFirst: number;
  visibleEnd: number;
  rowHeight: number;
  rowsPerPage: number;
  /** True if rows have columns, false if they are cards. */
  isWide: boolean;
}

interface Identified {
  id: string;
}

/** The first visible row, and the distance of its top from the top of the viewport. */
interface Anchor {
  id: string;
  offset: number;
}

const WIDE_REM = 46;
/** The heights of rows in library.css. */
const ROW_REM = { wide: 4.5, narrow: 7.25 };

// Kept across screens, so that the scroll position can be restored.
let anchor: Anchor | null = null;

/** Scrolls to the top and forgets the anchor, because other rows will be shown. */
export function resetScroll(): void {
  anchor = null;
  document.getElementById("main")?.scrollTo(0, 0);
}

export class Viewport {
  view: View = {
    first: 0,
    end: 0,
    visibleFirst: 0,
    visibleEnd: 0,
    rowHeight: 72,
    rowsPerPage: 1,
    isWide: true,
  };
  private list: HTMLElement | null = null;
  private scroller: HTMLElement | null = null;
  private lastReported: View | null = null;
  private readonly savedAnchor = anchor;
  private rows: readonly Identified[] = [];
  private onView: (view: View) => void = () => undefined;

  /** Starts tracking the list. Returns a function that stops it. */
  attach(list: HTMLElement, onView: (view: View) => void): () => void {
    this.list = list;
    this.scroller = list.closest<HTMLElement>(".main");
    this.onView = onView;
    const onScroll = (): void => this.update();
    this.scroller?.addEventListener("scroll", onScroll, { passive: true });
    const resized = new ResizeObserver(() => this.setRows(this.rows));
    for (const element of [this.scroller, list.parentElement, list.closest(".screen")])
      if (element) resized.observe(element);
    return () => {
      resized.disconnect();
      this.scroller?.removeEventListener("scroll", onScroll);
      this.list = null;
    };
  }

  /** Restores the scroll position in the next frame, after the shell scrolled to the top. Returns a cancel function. */
  restore(): () => void {
    const frame = requestAnimationFrame(() => {
      anchor = this.savedAnchor;
      this.setRows(this.rows);
    });
    return () => cancelAnimationFrame(frame);
  }

  /** Updates the view after the rows or the layout have changed. */
  setRows(rows: readonly Identified[]): void {
    this.rows = rows;
    if (!this.list || !this.scroller) return;
    this.measure();
    const index = anchor ? rows.findIndex((row) => row.id === anchor?.id) : -1;
    // The list must be high enough before it can scroll.
    this.list.style.height = `${rows.length * this.view.rowHeight}px`;
    if (anchor && index >= 0)
      this.scroller.scrollTop += index * this.view.rowHeight - this.pixelsAbove() - anchor.offset;
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

  /** Returns the height of the list above the viewport in pixels. */
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
    const [pixelsAbove, viewHeight, count] = [
      this.pixelsAbove(),
      this.scroller?.clientHeight ?? 0,
      this.rows.length,
    ];
    const top = Math.floor(pixelsAbove / rowHeight);
    const row = this.rows[top];
    anchor = pixelsAbove > 0 && row ? { id: row.id, offset: top * rowHeight - pixelsAbove } : null;
    const visibleFirst = Math.min(count, Math.max(0, Math.ceil(pixelsAbove / rowHeight)));
    const visibleEnd = Math.min(count, Math.max(0, Math.floor((pixelsAbove + viewHeight) / rowHeight)));
    const next: View = {
      ...this.view,
      ...renderedRange({ pixelsAbove, viewHeight, rowHeight, count }),
      visibleFirst,
      visibleEnd,
      rowsPerPage: Math.max(1, Math.floor(viewHeight / rowHeight)),
    };
    const isSame = Object.entries(next).every(
      ([name, value]) => value === this.lastReported?.[name as keyof View],
    );
    this.view = next;
    if (isSame) return;
    this.lastReported = next;
    this.onView(next);
  }
}
