import { expect, test } from "vitest";
import { nextOrder, sortBy } from "./sorting";

const rows = [
  { name: "Bella", jobs: 3, wait: null },
  { name: "adam", jobs: 12, wait: 40 },
  { name: "Heart", jobs: 3, wait: 9 },
];

test("numbers are sorted by value, and equal rows keep their order", () => {
  expect(sortBy(rows, (row) => row.jobs, true).map((row) => row.name)).toEqual(["adam", "Bella", "Heart"]);
});

test("texts are sorted without regard to case", () => {
  expect(sortBy(rows, (row) => row.name, false).map((row) => row.name)).toEqual(["adam", "Bella", "Heart"]);
});

test("missing values are last in both orders", () => {
  expect(sortBy(rows, (row) => row.wait, false).map((row) => row.wait)).toEqual([9, 40, null]);
  expect(sortBy(rows, (row) => row.wait, true).map((row) => row.wait)).toEqual([40, 9, null]);
});

test("a second press reverses the order", () => {
  const byJobs = nextOrder({ column: "minutes", descending: true }, "jobs", false);
  expect(byJobs).toEqual({ column: "jobs", descending: true });
  expect(nextOrder(byJobs, "jobs", false)).toEqual({ column: "jobs", descending: false });
  expect(nextOrder(byJobs, "name", true)).toEqual({ column: "name", descending: false });
});
