import { plural } from "./plural";

export const library = {
  lead: "All recordings, newest first.",
  search: "Search titles and texts",
  clearSearch: "Clear search",
  filters: "Filters",
  filtersOn: (n: number) => `Filters (${n})`,
  voice: "Voice",
  model: "Model",
  from: "From",
  to: "To",
  fromAfterTo: "“From” is after “To”, so no recording can match.",
  swapDays: "Swap the days",
  anyVoice: "All voices",
  anyModel: "All models",
  clearAll: "Clear all",
  recordings: "Recordings",
  keys: "Up and down move, right and left show and hide parts, Space selects, Enter opens, Delete deletes.",
  all: (n: number, shown: string) => `${shown} ${plural(n, "recording", "recordings")}`,
  loaded: (shown: string) => `${shown} loaded, scroll for more`,
  loading: "Loading more…",
  full: (shown: string) => `${shown} recordings loaded. This page cannot show more.`,
  older: (day: string) => `Show recordings up to ${day}`,
  total: (n: number, shown: string) => `${shown} ${plural(n, "recording", "recordings")}`,
  keptTotal: (_n: number, shown: string) => `${shown} kept`,
  limits: (age: string, most: string) =>
    age && most
      ? `Recordings are deleted after ${age}, and the oldest when there are more than ${most}. Those that you keep stay.`
      : age
        ? `Recordings are deleted after ${age}. Those that you keep stay.`
        : most
          ? `The oldest recordings are deleted when there are more than ${most}. Those that you keep stay.`
          : "Recordings are never deleted automatically.",
  dueSoon: (n: number, shown: string) =>
    n === 1
      ? "1 recording will be deleted within a day. Keep it or download it."
      : `${shown} recordings will be deleted within a day. Keep or download those that you need.`,
  keep: "Keep",
  stopKeeping: "Stop keeping",
  kept: "Kept",
  beep: "Only a beep",
  nowKept: (n: number) => (n === 1 ? "The recording is kept." : `${n} recordings are kept.`),
  notKept: (n: number) =>
    n === 1 ? "The recording is no longer kept." : `${n} recordings are no longer kept.`,
  expires: (date: string) => `Will be deleted: ${date}`,
  expiresIn: (span: string) => `${span} left`,
  noRecordings: "No recordings yet",
  noRecordingsHint: "Your recordings appear here. You can play, rename and download them.",
  newRecording: "New recording",
  notFound: "No recordings found",
  notFoundHint: "Change the search or the filters.",
  select: (title: string) => `Select “${title}”`,
  selectAll: "Select all loaded recordings",
  selected: (_n: number, shown: string) => `${shown} selected`,
  totals: (length: string, size: string) => `${length} · ${size}`,
  clearSelection: "Clear selection",
  play: (title: string) => `Play “${title}”`,
  pause: (title: string) => `Pause “${title}”`,
  more: (title: string) => `More actions for “${title}”`,
  download: (title: string) => `Download “${title}”`,
  part: (number: number, total: number) => `Part ${number} of ${total}`,
  parts: (n: number, total: number) => (n === total ? `${total} parts` : `${n} of ${total} parts`),
  showParts: (title: string) => `Show the parts of “${title}”`,
  hideParts: (title: string) => `Hide the parts of “${title}”`,
  zipParts: (title: string) => `Export the parts of “${title}” as ZIP`,
  deleteParts: "Delete all parts",
  keepParts: "Keep all parts",
  rename: "Rename",
  name: "Name",
  save: "Save",
  delete: "Delete",
  deleted: (n: number, shown: string) => (n === 1 ? "Recording deleted" : `${shown} recordings deleted`),
  notDeleted: (n: number, shown: string, why: string) =>
    n === 1
      ? `The recording could not be deleted. ${why}`
      : `${shown} recordings could not be deleted. ${why}`,
  zip: "Export as ZIP",
  zipInParts: (files: string, most: string) =>
    `A ZIP file holds up to ${most} recordings. ${files} files will be downloaded.`,
  zipping: (part: string, parts: string, size: string) =>
    parts === "1" ? `Exporting… ${size}` : `Exporting ${part} of ${parts}… ${size}`,
  notZipped: (why: string) => `Export failed. ${why}`,
  inProgress: "In progress",
  queued: "Queued",
  percentDone: (percent: string) => `${percent} done`,
  left: (span: string) => `about ${span} left`,
  others: "More recordings are in progress.",
  failedOrCancelled: "Failed or cancelled",
  failed: "Failed",
  cancelled: "Cancelled",
  remove: "Delete",
  andMore: (n: number) => `${n} more`,
  queuedAgain: "Added to the queue.",
};
