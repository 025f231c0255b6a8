import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Button } from "../ui/button";
import { formatMs, formatNumber, formatShare } from "./formatting";
import { barFraction } from "./queue-load";
import { nextOrder, sortBy, type SortOrder } from "./sorting";
import { failureRate, totalJobs } from "./time-series";
import type { NamedStatistics } from "./types";

interface Column {
  key: string;
  title: string;
  value: (row: NamedStatistics) => string | number | null;
  format: (row: NamedStatistics) => string;
  isText?: boolean;
  hasBar?: boolean;
}

/** More rows than this are collapsed. */
const COLLAPSED_ROWS = 12;

/** A table of voices or models that can be sorted by any column. */
export function Ranking({
  title,
  rowTitle,
  rows,
  nameOf,
}: {
  title: string;
  /** The title of the first column. */
  rowTitle: string;
  rows: readonly NamedStatistics[];
  nameOf: (name: string) => string;
}) {
  const texts = t.value.system;
  const id = useId();
  const [order, setOrder] = useState<SortOrder>({ column: "minutes", descending: true });
  const [isExpanded, setIsExpanded] = useState(false);
  const columns = columnsOf(rowTitle, nameOf);
  const sortColumn = columns.find((column) => column.key === order.column) ?? columns[0];
  const sorted = sortColumn ? sortBy(rows, sortColumn.value, order.descending) : rows;
  const maxAudioS = Math.max(0, ...rows.map((row) => row.audio_s));
  return (
    <section class="stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="scroller" role="region" aria-label={texts.scrolls(title)} tabIndex={0}>
        <table class="table ranking">
          <thead>
            <tr>
              {columns.map((column) => (
                <HeaderCell key={column.key} column={column} order={order} onSort={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, isExpanded ? undefined : COLLAPSED_ROWS).map((row) => (
              <tr key={row.name}>
                {columns.map((column) => (
                  <Cell
                    key={column.key}
                    column={column}
                    row={row}
                    fraction={barFraction(row.audio_s, maxAudioS)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > COLLAPSED_ROWS ? (
        <Button compact kind="quiet" class="show-all" onPress={() => setIsExpanded(!isExpanded)}>
          {isExpanded ? texts.showFewer : texts.showAll(count(rows.length))}
        </Button>
      ) : null}
    </section>
  );
}

function HeaderCell({
  column,
  order,
  onSort,
}: {
  column: Column;
  order: SortOrder;
  onSort: (order: SortOrder) => void;
}) {
  const isSorted = order.column === column.key;
  return (
    <th
      scope="col"
      class={column.isText ? "" : "end"}
      aria-sort={isSorted ? (order.descending ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        class="sort-button"
        onClick={() => onSort(nextOrder(order, column.key, column.isText ?? false))}
      >
        {column.title}
        <span class="sort-arrow" aria-hidden="true">
          {isSorted ? (order.descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function Cell({ column, row, fraction }: { column: Column; row: NamedStatistics; fraction: number }) {
  if (column.isText) {
    return (
      <th scope="row">
        <bdi class="clip name">{column.format(row)}</bdi>
      </th>
    );
  }
  return (
    <td class="end">
      {column.hasBar ? (
        <span class="bar-cell">
          <span class="inline-bar" aria-hidden="true">
            <span style={{ width: `${fraction * 100}%` }} />
          </span>
          <span class="amount">{column.format(row)}</span>
        </span>
      ) : (
        column.format(row)
      )}
    </td>
  );
}

function columnsOf(rowTitle: string, nameOf: (name: string) => string): readonly Column[] {
  const texts = t.value.system;
  const formatWait = (ms: number | null): string => (ms === null ? texts.notKnown : formatMs(ms));
  const waitColumn = (
    key: string,
    title: string,
    value: (row: NamedStatistics) => number | null,
  ): Column => ({
    key,
    title,
    value,
    format: (row) => formatWait(value(row)),
  });
  return [
    {
      key: "name",
      title: rowTitle,
      value: (row) => nameOf(row.name),
      format: (row) => nameOf(row.name),
      isText: true,
    },
    {
      key: "minutes",
      title: texts.minutes,
      value: (row) => row.audio_s,
      format: (row) => formatNumber(row.audio_s / 60),
      hasBar: true,
    },
    { key: "jobs", title: texts.jobs, value: totalJobs, format: (row) => count(totalJobs(row)) },
    {
      key: "speed",
      title: texts.speed,
      value: (row) => row.speed_over_real_time,
      format: (row) =>
        row.speed_over_real_time === null
          ? texts.notKnown
          : texts.times(formatNumber(row.speed_over_real_time)),
    },
    {
      key: "failed",
      title: texts.failureShare,
      value: failureRate,
      format: (row) => formatRate(failureRate(row)),
    },
    waitColumn("wait50", texts.p50Wait, (row) => row.wait_ms?.p50 ?? null),
    waitColumn("wait90", texts.p90Wait, (row) => row.wait_ms?.p90 ?? null),
    waitColumn("first50", texts.p50First, (row) => row.first_audio_ms?.p50 ?? null),
    waitColumn("first90", texts.p90First, (row) => row.first_audio_ms?.p90 ?? null),
  ];
}

function formatRate(share: number | null): string {
  return share === null ? t.value.system.notKnown : formatShare(share);
}
