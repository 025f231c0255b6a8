/** The row of a long text, which opens to the rows of its parts. */

import { bytes, moment, soundLength } from "../i18n/formats";
import { t } from "../i18n";
import { voiceName } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { Menu } from "../ui/menu";
import { Expiry } from "./expiry";
import { type GroupEntry, summarize } from "./parts";
import { showParts } from "./recordings";
import { keepAll } from "./retention";
import type { Row } from "./rows";
import { formatShortDate } from "./short-date";
import { Speaker } from "./speaker";
import { exportRecordings, exportStatus } from "./zip-export";

export function PartGroupRow({
  entry,
  index,
  top,
  isTabStop,
  selected,
  onSelect,
  onRemove,
}: {
  entry: GroupEntry;
  index: number;
  /** Pixels from the top of the list. */
  top: number;
  /** True for the row that the Tab key reaches. */
  isTabStop: boolean;
  /** How many parts are selected. */
  selected: number;
  onSelect: (jobIds: readonly string[], isRange: boolean) => void;
  onRemove: (jobIds: readonly string[]) => void;
}) {
  const texts = t.value.library;
  const { id, jobIds, isOpen } = entry;
  const { title, total, parts } = entry.group;
  const first = parts[0] as Row;
  const { durationS, sizeBytes, createdAt, isBeep, isKept, expiresAt } = summarize(parts);
  const tabIndex = isTabStop ? 0 : -1;
  const isSelected = selected === parts.length;
  return (
    <div
      class={`recording part-group ${isSelected ? "selected" : ""}`}
      role="row"
      aria-rowindex={index + 1}
      aria-level={1}
      aria-expanded={isOpen}
      aria-selected={isSelected}
      aria-labelledby={`${id}-title ${id}-parts`}
      data-index={index}
      data-entry={id}
      tabIndex={tabIndex}
      style={{ top: `${top}px` }}
      onMouseDown={(event) => {
        // Otherwise the browser also selects the text of the range.
        if (event.shiftKey) event.preventDefault();
      }}
      onClick={(event) => {
        if ((event.target as HTMLElement).closest("button, input, [popover]")) return;
        if (event.shiftKey) onSelect(jobIds, true);
        else showParts(jobIds, !isOpen);
      }}
    >
      <div role="gridcell" class="cell-select">
        <input
          class="tick"
          type="checkbox"
          checked={isSelected}
          indeterminate={selected > 0 && !isSelected}
          tabIndex={tabIndex}
          aria-label={texts.select(title)}
          onClick={(event) => onSelect(jobIds, event.shiftKey)}
        />
      </div>
      <div role="gridcell" class="cell-play">
        <IconButton
          kind="quiet"
          icon="down"
          class="unfold"
          label={isOpen ? texts.hideParts(title) : texts.showParts(title)}
          tabIndex={tabIndex}
          onPress={() => showParts(jobIds, !isOpen)}
        />
      </div>
      <div role="gridcell" class="cell-title">
        <span id={`${id}-title`} class="clip part-group-title" dir="auto" title={title}>
          {title}
        </span>
        <span id={`${id}-parts`} class="excerpt soft">
          {texts.parts(parts.length, total)}
        </span>
      </div>
      <div role="gridcell" class="cell-voice">
        <span class="clip">
          <bdi>{voiceName(first.voiceId)}</bdi>
        </span>
        <Speaker model={first.model} isBeep={isBeep} />
      </div>
      <div role="gridcell" class="cell-length num">
        <span>{soundLength(durationS)}</span>
        <span class="soft small">{bytes(sizeBytes)}</span>
      </div>
      <div role="gridcell" class="cell-date num soft">
        <time dateTime={createdAt} title={moment(createdAt)}>
          {formatShortDate(createdAt, new Date())}
        </time>
        <Expiry isKept={isKept} expiresAt={expiresAt} />
      </div>
      <div role="gridcell" class="cell-actions">
        <IconButton
          kind="quiet"
          icon="download"
          label={texts.zipParts(title)}
          busy={exportStatus.value !== null}
          tabIndex={tabIndex}
          onPress={() => void exportRecordings(jobIds)}
        />
        <Menu icon="more" kind="quiet" label={texts.more(title)} tabIndex={tabIndex}>
          <Button kind="quiet" icon="keep" onPress={() => void keepAll(jobIds, !isKept)}>
            {isKept ? texts.stopKeeping : texts.keepParts}
          </Button>
          <Button kind="danger" icon="trash" onPress={() => onRemove(jobIds)}>
            {texts.deleteParts}
          </Button>
        </Menu>
      </div>
    </div>
  );
}
