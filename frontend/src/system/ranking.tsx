import { useId, useState } from "preact/hooks";
import { t } from "../i18n";
import { count } from "../i18n/formats";
import { Button } from "../ui/button";
import { percentage, rounded, waited } from "./formatting";
import { shareOf } from "./worker-groups";
import { failureShare, jobsOf } from "./time-series";
import { pressed, sortedBy, type Order } from "./sorting";
import type { NamedFigures } from "./types";

interface Column {
  key: string;
  title: string;
  value: (row: NamedFigures) => string | number | null;
  shown: (row: NamedFigures) => string;
  isWord?: boolean;
  hasBar?: boolean;
}

/** As many as one looks through at once. */
const FEW = 12;

/** Voices or models beside each other, by whatever column one presses. */
export function Ranking({
  title,
  what,
  rows,
  nameOf,
}: {
  title: string;
  /** What a row is. */
  what: string;
  rows: readonly NamedFigures[];
  nameOf: (name: string) => string;
}) {
  const said = t.value.farm;
  const id = useId();
  const [order, setOrder] = useState<Order>({ column: "minutes", descending: true });
  const [all, setAll] = useState(false);
  const columns = columnsOf(what, nameOf);
  const by = columns.find((column) => column.key === order.column) ?? columns[0];
  const sorted = by ? sortedBy(rows, by.value, order.descending) : rows;
  const most = Math.max(0, ...rows.map((row) => row.audio_s));
  return (
    <section class="stack" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <div class="scroller" role="region" aria-label={said.scrolls(title)} tabIndex={0}>
        <table class="table ranking">
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.key} column={column} order={order} onOrder={setOrder} />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, all ? undefined : FEW).map((row) => (
              <tr key={row.name}>
                {columns.map((column) => (
                  <Cell key={column.key} column={column} row={row} share={shareOf(row.audio_s, most)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > FEW ? (
        <Button compact kind="quiet" class="all" onPress={() => setAll(!all)}>
          {all ? said.showFewer : said.showAll(count(rows.length))}
        </Button>
      ) : null}
    </section>
  );
}

function Head({ column, order, onOrder }: { column: Column; order: Order; onOrder: (order: Order) => void }) {
  const sorts = order.column === column.key;
  return (
    <th
      scope="col"
      class={column.isWord ? "" : "end"}
      aria-sort={sorts ? (order.descending ? "descending" : "ascending") : undefined}
    >
      <button type="button" class="sorts" onClick={() => onOrder(pressed(order, column.key, column.isWord ?? false))}>
        {column.title}
        <span class="arrow" aria-hidden="true">
          {sorts ? (order.descending ? "↓" : "↑") : ""}
        </span>
      </button>
    </th>
  );
}

function Cell({ column, row, share }: { column: Column; row: NamedFigures; share: number }) {
  if (column.isWord) {
    return (
      <th scope="row">
        <bdi class="clip name">{column.shown(row)}</bdi>
      </th>
    );
  }
  return (
    <td class="end">
      {column.hasBar ? (
        <span class="measured">
          <span class="measure" aria-hidden="true">
            <span style={{ width: `${share * 100}%` }} />
          </span>
          <span class="amount">{column.shown(row)}</span>
        </span>
      ) : (
        column.shown(row)
      )}
    </td>
  );
}

function columnsOf(what: string, nameOf: (name: string) => string): readonly Column[] {
  const said = t.value.farm;
  const known = (ms: number | null): string => (ms === null ? said.notKnown : waited(ms));
  const time = (key: string, title: string, value: (row: NamedFigures) => number | null): Column => ({
    key,
    title,
    value,
    shown: (row) => known(value(row)),
  });
  return [
    { key: "name", title: what, value: (row) => nameOf(row.name), shown: (row) => nameOf(row.name), isWord: true },
    { key: "minutes", title: said.minutes, value: (row) => row.audio_s, shown: (row) => rounded(row.audio_s / 60), hasBar: true },
    { key: "jobs", title: said.jobs, value: jobsOf, shown: (row) => count(jobsOf(row)) },
    {
      key: "speed",
      title: said.speed,
      value: (row) => row.speed_over_real_time,
      shown: (row) => (row.speed_over_real_time === null ? said.notKnown : said.times(rounded(row.speed_over_real_time))),
    },
    {
      key: "failed",
      title: said.failureShare,
      value: failureShare,
      shown: (row) => shareInWords(failureShare(row)),
    },
    time("wait50", said.p50Wait, (row) => row.wait_ms?.p50 ?? null),
    time("wait90", said.p90Wait, (row) => row.wait_ms?.p90 ?? null),
    time("first50", said.p50First, (row) => row.first_audio_ms?.p50 ?? null),
    time("first90", said.p90First, (row) => row.first_audio_ms?.p90 ?? null),
  ];
}

function shareInWords(share: number | null): string {
  return share === null ? t.value.farm.notKnown : percentage(share);
}
