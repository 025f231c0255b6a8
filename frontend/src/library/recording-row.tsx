import { bytes, moment, soundLength } from "../i18n/formats";
import { t } from "../i18n";
import * as player from "../state/player";
import { link } from "../state/route";
import { voiceName } from "../state/voices";
import { Button, IconButton } from "../ui/button";
import { DownloadMenu } from "../ui/download-menu";
import { Menu } from "../ui/menu";
import { Expiry } from "./expiry";
import { keepAll } from "./retention";
import type { Part } from "./parts";
import type { Row } from "./rows";
import { formatShortDate } from "./short-date";
import { Speaker } from "./speaker";

/** One recording. It renders again only if its props change, so they must be stable while scrolling. */
export function RecordingRow({
  row,
  part,
  index,
  top,
  isTabStop,
  isSelected,
  onSelect,
  onOpen,
  onRename,
  onRemove,
}: {
  row: Row;
  /** Set below the row of its group. */
  part: Part | null;
  index: number;
  /** Pixels from the top of the list. */
  top: number;
  /** True for the row that the Tab key reaches. */
  isTabStop: boolean;
  isSelected: boolean;
  onSelect: (jobIds: readonly string[], isRange: boolean) => void;
  onOpen: (jobId: string) => void;
  onRename: (jobId: string) => void;
  onRemove: (jobIds: readonly string[]) => void;
}) {
  const texts = t.value.library;
  const { jobId, title } = row;
  const tabIndex = isTabStop ? 0 : -1;
  const isCurrent = player.track.value?.jobId === jobId;
  return (
    <div
      class={`recording ${part ? "part" : ""} ${isSelected ? "selected" : ""} ${isCurrent ? "current" : ""}`}
      role="row"
      aria-level={part ? 2 : 1}
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      aria-labelledby={`recording-${jobId}`}
      data-index={index}
      data-entry={jobId}
      tabIndex={tabIndex}
      style={{ top: `${top}px` }}
      onMouseDown={(event) => {
        // Otherwise the browser also selects the text of the range.
        if (event.shiftKey) event.preventDefault();
      }}
      onClick={(event) => {
        if (event.shiftKey && !(event.target as HTMLElement).closest("a, button, input"))
          onSelect([jobId], true);
      }}
    >
      <div role="gridcell" class="cell-select">
        <input
          class="tick"
          type="checkbox"
          checked={isSelected}
          tabIndex={tabIndex}
          aria-label={texts.select(title)}
          onClick={(event) => onSelect([jobId], event.shiftKey)}
        />
      </div>
      <div role="gridcell" class="cell-play">
        <PlayButton row={row} tabIndex={tabIndex} />
      </div>
      <div role="gridcell" class="cell-title">
        <a
          id={`recording-${jobId}`}
          class="clip"
          href={link("listen", jobId)}
          dir="auto"
          title={title}
          tabIndex={tabIndex}
          onClick={() => onOpen(jobId)}
        >
          {part ? texts.part(part.number, part.total) : title}
        </a>
        <span class="excerpt clip soft" dir="auto">
          {row.excerpt}
        </span>
      </div>
      <div role="gridcell" class="cell-voice">
        <span class="clip">
          <bdi>{voiceName(row.voiceId)}</bdi>
        </span>
        <Speaker model={row.model} isBeep={row.isBeep} />
      </div>
      <div role="gridcell" class="cell-length num">
        <span>{soundLength(row.durationS)}</span>
        <span class="soft small">{bytes(row.sizeBytes)}</span>
      </div>
      <div role="gridcell" class="cell-date num soft">
        <time dateTime={row.createdAt} title={moment(row.createdAt)}>
          {formatShortDate(row.createdAt, new Date())}
        </time>
        <Expiry isKept={row.isKept} expiresAt={row.expiresAt} />
      </div>
      <div role="gridcell" class="cell-actions">
        <DownloadMenu
          jobId={jobId}
          format={row.format}
          title={title}
          label={texts.download(title)}
          kind="quiet"
          tabIndex={tabIndex}
        />
        <Menu icon="more" kind="quiet" label={texts.more(title)} tabIndex={tabIndex}>
          <Button kind="quiet" icon="edit" onPress={() => onRename(jobId)}>
            {texts.rename}
          </Button>
          <Button kind="quiet" icon="keep" onPress={() => void keepAll([jobId], !row.isKept)}>
            {row.isKept ? texts.stopKeeping : texts.keep}
          </Button>
          <Button kind="danger" icon="trash" onPress={() => onRemove([jobId])}>
            {texts.delete}
          </Button>
        </Menu>
      </div>
    </div>
  );
}

function PlayButton({ row, tabIndex }: { row: Row; tabIndex: number }) {
  const { jobId, title, format } = row;
  const isCurrent = player.track.value?.jobId === jobId;
  const isPlaying = isCurrent && player.playing.value;
  const label = isPlaying ? t.value.library.pause(title) : t.value.library.play(title);
  return (
    <IconButton
      kind={isCurrent ? "primary" : "plain"}
      icon={isPlaying ? "pause" : "play"}
      label={label}
      busy={isCurrent && player.waiting.value && !isPlaying}
      tabIndex={tabIndex}
      onPress={() => (isCurrent ? player.toggle() : void player.play({ jobId, title, format, live: false }))}
    />
  );
}
