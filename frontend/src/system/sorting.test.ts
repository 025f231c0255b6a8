import { expect, test } from "vitest";
import { pressed, sortedBy } from "./sorting";

const rows = [
  { name: "Bella", jobs: 3, wait: null },
  { name: "adam", jobs: 12, wait: 40 },
  { name: "Heart", jobs: 3, wait: 9 },
];

test("numbers by their size, equals as they were", () => {
  expect(sortedBy(rows, (row) => row.jobs, true).map((row) => row.name)).toEqual(["adam", "Bella", "Heart"]);
});

test("words as people sort them", () => {
  expect(sortedBy(rows, (row) => row.name, false).map((row) => row.name)).toEqual(["adam", "Bella", "Heart"]);
});

test("what is not known is last either way", () => {
  expect(sortedBy(rows, (row) => row.wait, false).map((row) => row.wait)).toEqual([9, 40, null]);
  expect(sortedBy(rows, (row) => row.wait, true).map((row) => row.wait)).toEqual([40, 9, null]);
});

test("a second press turns the order about", () => {
  const byJobs = pressed({ column: "minutes", descending: true }, "jobs", false);
  expect(byJobs).toEqual({ column: "jobs", descending: true });
  expect(pressed(byJobs, "jobs", false)).toEqual({ column: "jobs", descending: false });
  expect(pressed(byJobs, "name", true)).toEqual({ column: "name", descending: false });
});
