/** The player at the bottom of the page, shown when there is something to play. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "../i18n/formats";
import { t } from "../i18n";
import * as player from "../state/player";
import { link } from "../state/route";
import { IconButton } from "../ui/button";
import "./player.css";

const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];

export function Player() {
  const section = useRef<HTMLElement>(null);
  const track = player.track.value;
  useEffect(() => {
    document.documentElement.style.setProperty(
      "--player",
      `${track ? (section.current?.offsetHeight ?? 0) : 0}px`,
    );
  }, [track !== null]);
  const messages = t.value.shell;
  return (
    <section ref={section} class="player" aria-label={messages.player} hidden={track === null}>
      <AudioElement />
      <IconButton
        kind="primary"
        icon={player.playing.value ? "pause" : "play"}
        label={player.playing.value ? messages.pause : messages.play}
        busy={player.waiting.value && !player.playing.value}
        onPress={player.toggle}
      />
      <div class="player-title">
        <a class="clip" href={track ? link("listen", track.jobId) : "#"} dir="auto">
          {track?.title}
        </a>
        <PlayerStatus />
      </div>
      <PositionSlider />
      <label class="player-rate">
        <span class="visually-hidden">{messages.playbackSpeed}</span>
        <select
          class="select num"
          value={player.rate.value}
          onChange={(event) => player.setRate(Number(event.currentTarget.value))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
      <IconButton kind="quiet" icon="close" label={messages.close} onPress={() => player.stop()} />
    </section>
  );
}

/** Puts the audio element into the page. The element itself lives as long as the page. */
function AudioElement() {
  const parent = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    parent.current?.append(player.audio);
  }, []);
  return <span ref={parent} hidden />;
}

function PlayerStatus() {
  const messages = t.value.shell;
  const { trouble } = player;
  if (trouble.value !== "none") {
    return (
      <span class="small" role="status">
        {trouble.value === "asks" ? messages.pressPlay : messages.playbackFailed}
      </span>
    );
  }
  return player.track.value?.live ? <span class="live small">{messages.live}</span> : null;
}

function PositionSlider() {
  const durationS = player.durationS.value;
  const positionS = player.positionS.value;
  return (
    <div class="player-position num">
      <span class="small">{clock(positionS)}</span>
      {durationS ? (
        <>
          <input
            class="slider"
            type="range"
            min="0"
            max={durationS}
            step="0.1"
            value={Math.min(positionS, durationS)}
            aria-label={t.value.shell.position}
            aria-valuetext={clock(positionS)}
            onInput={(event) => player.seek(Number(event.currentTarget.value))}
          />
          <span class="small">{clock(durationS)}</span>
        </>
      ) : null}
    </div>
  );
}

/** Shows the track to the operating system, for media keys, headphones and the lock screen. */
effect(() => {
  if (!("mediaSession" in navigator)) return;
  const track = player.track.value;
  navigator.mediaSession.metadata = track
    ? new MediaMetadata({ title: track.title, artist: "OratioViva" })
    : null;
  navigator.mediaSession.playbackState = player.playing.value ? "playing" : track ? "paused" : "none";
});
