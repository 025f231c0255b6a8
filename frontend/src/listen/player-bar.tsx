/** The player at the lower edge: there as soon as there is something to hear. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { clock } from "../i18n/formats";
import { t } from "../i18n";
import * as player from "../state/player";
import { link } from "../state/route";
import { IconButton } from "../ui/button";
import "./player.css";

const RATES = [0.75, 1, 1.25, 1.5, 1.75, 2];

export function Player() {
  const box = useRef<HTMLElement>(null);
  const now = player.track.value;
  useEffect(() => {
    document.documentElement.style.setProperty("--player", `${now ? (box.current?.offsetHeight ?? 0) : 0}px`);
  }, [now !== null]);
  const said = t.value.shell;
  return (
    <section ref={box} class="player" aria-label={said.player} hidden={now === null}>
      <Sound />
      <IconButton
        kind="primary"
        icon={player.playing.value ? "pause" : "play"}
        label={player.playing.value ? said.pause : said.play}
        busy={player.waiting.value && !player.playing.value}
        onPress={player.toggle}
      />
      <div class="player-what">
        <a class="clip" href={now ? link("listen", now.jobId) : "#"} dir="auto">
          {now?.title}
        </a>
        <Standing />
      </div>
      <Place />
      <label class="player-rate">
        <span class="aside">{said.playbackSpeed}</span>
        <select
          class="select num"
          value={player.rate.value}
          onChange={(event) => player.setRate(Number(event.currentTarget.value))}
        >
          {RATES.map((rate) => (
            <option key={rate} value={rate}>
              {rate}×
            </option>
          ))}
        </select>
      </label>
      <IconButton kind="quiet" icon="close" label={said.close} onPress={() => player.stop()} />
    </section>
  );
}

/** The element itself lives as long as the page; it only stands here. */
function Sound() {
  const spot = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    spot.current?.append(player.audio);
  }, []);
  return <span ref={spot} hidden />;
}

function Standing() {
  const said = t.value.shell;
  const { trouble } = player;
  if (trouble.value !== "none") {
    return (
      <span class="small" role="status">
        {trouble.value === "asks" ? said.pressPlay : said.playbackFailed}
      </span>
    );
  }
  return player.track.value?.live ? <span class="live small">{said.live}</span> : null;
}

function Place() {
  const length = player.durationS.value;
  const at = player.positionS.value;
  return (
    <div class="player-place num">
      <span class="small">{clock(at)}</span>
      {length ? (
      <input
        class="slider"
        type="range"
        min="0"
        max={length}
        step="0.1"
        value={Math.min(at, length)}
        aria-label={t.value.shell.position}
        aria-valuetext={clock(at)}
        onInput={(event) => player.seek(Number(event.currentTarget.value))}
      />
      ) : null}
      {length ? <span class="small">{clock(length)}</span> : null}
    </div>
  );
}

/** Keys and buttons of the system: headphones, the lock screen. */
effect(() => {
  if (!("mediaSession" in navigator)) return;
  const now = player.track.value;
  navigator.mediaSession.metadata = now ? new MediaMetadata({ title: now.title, artist: "OratioViva" }) : null;
  navigator.mediaSession.playbackState = player.playing.value ? "playing" : now ? "paused" : "none";
});
