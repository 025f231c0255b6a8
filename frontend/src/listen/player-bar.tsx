/** The player at the bottom of the page, shown when there is something to play. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock, percent } from "../i18n/formats";
import { t } from "../i18n";
import { announce } from "../state/announcements";
import * as player from "../state/player";
import { link } from "../state/route";
import { LONG_STEP_S, seekBySteps } from "../state/shortcuts";
import { IconButton } from "../ui/button";
import { Menu } from "../ui/menu";
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
      <span class="row player-skip">
        <IconButton
          kind="quiet"
          icon="rewind"
          label={messages.back15}
          onPress={() => player.skip(-LONG_STEP_S)}
        />
        <IconButton
          kind="quiet"
          icon="forward"
          label={messages.forward15}
          onPress={() => player.skip(LONG_STEP_S)}
        />
      </span>
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
      <Volume />
      <IconButton kind="quiet" icon="close" label={messages.close} onPress={() => player.stop()} />
    </section>
  );
}

function Volume() {
  const messages = t.value.shell;
  const volume = player.volume.value;
  return (
    <Menu kind="quiet" icon={volume ? "volume" : "muted"} label={messages.volume}>
      <label class="field player-volume">
        <span class="label row spread">
          {messages.volume}
          <output class="num">{percent(100 * volume)}</output>
        </span>
        <input
          class="slider"
          type="range"
          min="0"
          max="1"
          step="0.05"
          value={volume}
          aria-valuetext={percent(100 * volume)}
          onInput={(event) => player.setVolume(Number(event.currentTarget.value))}
        />
      </label>
    </Menu>
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
  const messages = t.value.shell;
  const positionS = player.positionS.value;
  const isLive = player.track.value?.live ?? false;
  const generatedS = isLive ? player.generatedS.value : 0;
  const isExpected = player.durationS.value === 0;
  // An estimate may be too short.
  const durationS = Math.max(player.durationS.value || player.expectedS.value, positionS, generatedS);
  const leftS = (durationS - positionS) / player.rate.value;
  const generated = generatedS ? messages.generated(clock(generatedS)) : "";
  return (
    <div class="player-position num">
      <span class="small">{clock(positionS)}</span>
      {durationS ? (
        <>
          <span class="player-track" title={generated}>
            <input
              class="slider"
              type="range"
              min="0"
              max={durationS}
              step="0.1"
              value={positionS}
              aria-label={messages.position}
              aria-valuetext={[clock(positionS), generated].filter(Boolean).join(", ")}
              onKeyDown={seekBySteps}
              onInput={(event) => {
                player.seek(Number(event.currentTarget.value));
                // The player may not have reached the place of the thumb.
                event.currentTarget.value = String(player.positionS.value);
              }}
            />
            {generatedS ? (
              <span class="player-generated" style={{ width: `${(100 * generatedS) / durationS}%` }} />
            ) : null}
          </span>
          <span class="small" title={messages.timeLeft}>
            {isExpected ? "≈ " : ""}−{clock(leftS)}
          </span>
          <span class="small soft player-total">{isExpected ? "" : clock(durationS)}</span>
        </>
      ) : null}
    </div>
  );
}

/** Tells screen readers what begins, ends and fails. */
effect(() => {
  const title = player.track.value?.title ?? "";
  const messages = t.peek().shell;
  if (player.trouble.value !== "none")
    announce(player.trouble.value === "asks" ? messages.pressPlay : messages.playbackFailed);
  else if (player.playing.value) announce(messages.nowPlaying(title));
  else if (player.hasEnded.value) announce(messages.playbackEnded(title));
});

/** Shows the track to the operating system, for media keys, headphones and the lock screen. */
effect(() => {
  if (!("mediaSession" in navigator)) return;
  const track = player.track.value;
  navigator.mediaSession.metadata = track
    ? new MediaMetadata({ title: track.title, artist: "OratioViva" })
    : null;
  navigator.mediaSession.playbackState = player.playing.value ? "playing" : track ? "paused" : "none";
});
