/**
 * Groups the parts of a long text. The studio submits each as a job of its own, with a numbered title: `Book (1/3)`,
 * `Book (2/3)`, `Book (3/3)`. A part that is renamed leaves its group. The API calls something else a part: the share
 * of a job that one task speaks.
 */

import type { Row } from "./rows";

export interface PartGroup {
  title: string;
  /** The number of parts of the text. There are fewer parts here if some are not loaded, deleted or still running. */
  total: number;
  /** At least two, by their numbers. */
  parts: readonly Row[];
}

export interface Part {
  number: number;
  total: number;
}

/** A row of the list: a recording, or a group whose parts follow it while it is open. */
export type Entry = RecordingEntry | GroupEntry;

export interface RecordingEntry {
  kind: "recording";
  id: string;
  jobIds: readonly string[];
  row: Row;
  /** Null unless it is shown below the row of its group. */
  part: Part | null;
}

export interface GroupEntry {
  kind: "group";
  id: string;
  jobIds: readonly string[];
  group: PartGroup;
  isOpen: boolean;
}

const PART_TITLE = /^(.*\S) \((\d{1,4})\/(\d{1,4})\)$/su;

function parsePart(title: string): (Part & { title: string }) | null {
  if (!title.endsWith(")")) return null; // most of a hundred thousand titles end here
  const [, stem = "", number = 0, total = 0] = PART_TITLE.exec(title) ?? [];
  const part = { title: stem, number: Number(number), total: Number(total) };
  return part.total >= 2 && part.number >= 1 && part.number <= part.total ? part : null;
}

/** Groups the parts at the place of their newest. A number that appears again belongs to an older group. */
export function groupParts(rows: readonly Row[]): readonly (Row | PartGroup)[] {
  const groups = new Map<string, Map<number, Row>>();
  const places = rows.map((row): Row | Map<number, Row> | null => {
    const part = parsePart(row.title);
    if (!part) return row;
    const key = JSON.stringify([part.title, part.total, row.voiceId, row.format]);
    const group = groups.get(key);
    if (group && !group.has(part.number)) {
      group.set(part.number, row);
      return null;
    }
    const newGroup = new Map([[part.number, row]]);
    groups.set(key, newGroup);
    return newGroup;
  });
  return places.filter((place) => place !== null).map((place) => (place instanceof Map ? toGroup(place) : place));
}

function toGroup(byNumber: ReadonlyMap<number, Row>): Row | PartGroup {
  const parts = [...byNumber].sort(([a], [b]) => a - b).map(([, row]) => row);
  const first = parts[0] as Row;
  const part = parsePart(first.title);
  return parts.length > 1 && part ? { title: part.title, total: part.total, parts } : first;
}

/** The rows to show. A group is open if one of its parts is in `openIds`. */
export function toEntries(rows: readonly Row[], openIds: ReadonlySet<string>): readonly Entry[] {
  return groupParts(rows).flatMap((one) => {
    if (!("parts" in one)) return [recordingEntry(one, null)];
    const jobIds = one.parts.map((row) => row.jobId);
    const isOpen = jobIds.some((jobId) => openIds.has(jobId));
    const entry: GroupEntry = { kind: "group", id: `parts-${jobIds[0]}`, jobIds, group: one, isOpen };
    return [entry, ...(isOpen ? one.parts.map((row) => recordingEntry(row, parsePart(row.title))) : [])];
  });
}

function recordingEntry(row: Row, part: Part | null): RecordingEntry {
  const { jobId } = row;
  return { kind: "recording", id: jobId, jobIds: [jobId], row, part: part && { number: part.number, total: part.total } };
}

export interface Summary {
  durationS: number;
  sizeBytes: number;
  /** Of the newest part. */
  createdAt: string;
  /** True if every part is only a beep. */
  isBeep: boolean;
  /** True if the retention deletes no part. */
  isKept: boolean;
  /** When the retention deletes the first part; null if never. */
  expiresAt: string | null;
}

export function summarize(parts: readonly Row[]): Summary {
  const expiries = parts.map((part) => part.expiresAt).filter((at) => at !== null);
  return {
    durationS: parts.reduce((sum, part) => sum + part.durationS, 0),
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    createdAt: parts.map((part) => part.createdAt).reduce((a, b) => (a > b ? a : b)),
    isBeep: parts.every((part) => part.isBeep),
    isKept: parts.every((part) => part.isKept),
    expiresAt: expiries.length ? expiries.reduce((a, b) => (a < b ? a : b)) : null,
  };
}
