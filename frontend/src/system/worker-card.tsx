import { formatName } from "../api/formats";
import { t } from "../i18n";
import { bytes, count, span } from "../i18n/formats";
import { modelName } from "../state/models";
import { link } from "../state/route";
import { voiceName } from "../state/voices";
import { FactList } from "./property-list";
import { atTime } from "./formatting";
import { ageS, nameOf, progressOf } from "./worker-groups";
import { StandingBadge } from "./model-status-badge";
import type { Holding, ServedModel, Worker } from "./types";

/** One living process: what it is, which models it has, and what it speaks now. */
export function WorkerCard({ worker }: { worker: Worker }) {
  const said = t.value.farm;
  return (
    <li class="card worker">
      <header class="row spread">
        <h3>
          <bdi>{nameOf(worker)}</bdi>
        </h3>
        <span class="badge">{worker.flavour === "ops" ? said.housekeeper : worker.flavour}</span>
      </header>
      <Facts worker={worker} />
      {worker.flavour === "ops" ? <p class="soft small">{said.housekeeping}</p> : <Work worker={worker} />}
    </li>
  );
}

function Work({ worker }: { worker: Worker }) {
  const said = t.value.farm;
  return (
    <>
      {worker.models.length ? (
        <ul class="served" aria-label={said.modelsOf(nameOf(worker))}>
          {worker.models.map((model) => (
            <Served key={model.weights} model={model} />
          ))}
        </ul>
      ) : (
        <p class="soft small rest">{said.noModelYet}</p>
      )}
      {worker.holding.length ? (
        <Hand holding={worker.holding} />
      ) : (
        <p class="soft small rest">{said.atRest}</p>
      )}
    </>
  );
}

/** A worker with a GPU has dozens in hand at once. */
const FEW = 6;

function Hand({ holding }: { holding: readonly Holding[] }) {
  const said = t.value.farm;
  const [first, rest] = [holding.slice(0, FEW), holding.slice(FEW)];
  return (
    <div class="hand">
      <HeldList label={said.speaksNow} holding={first} />
      {rest.length ? (
        <details class="more">
          <summary>{said.andMore(count(rest.length))}</summary>
          <HeldList label={said.speaksNow} holding={rest} />
        </details>
      ) : null}
    </div>
  );
}

function HeldList({ label, holding }: { label: string; holding: readonly Holding[] }) {
  return (
    <ul class="held" aria-label={label}>
      {holding.map((held) => (
        <Held key={held.part_id} held={held} />
      ))}
    </ul>
  );
}

function Facts({ worker }: { worker: Worker }) {
  const said = t.value.farm;
  const facts: [string, string][] = [
    [said.device, worker.device],
    [said.upSince, atTime(worker.started_at)],
    [said.memory, worker.memory_bytes === null ? said.notKnown : bytes(worker.memory_bytes)],
    [said.version, worker.version],
    [worker.flavour === "ops" ? said.makesFormats : said.writes, worker.formats.map(formatName).join(", ") || said.notKnown],
  ];
  return <FactList facts={facts} />;
}

function Served({ model }: { model: ServedModel }) {
  const said = t.value.farm;
  return (
    <li>
      <div class="row spread">
        <span>
          <bdi>{modelName(model.weights)}</bdi> <span class="soft small">{voicesOf(model)}</span>
        </span>
        <StandingBadge model={model} />
      </div>
      {model.trouble === null ? null : (
        <p class="small reason" dir="auto">
          {model.trouble}
        </p>
      )}
      {model.loaded && model.memory_bytes > 0 ? <span class="aside">{said.ofModel(bytes(model.memory_bytes))}</span> : null}
    </li>
  );
}

function voicesOf(model: ServedModel): string {
  const said = t.value.farm;
  if (model.voices.includes("*")) return said.anyVoice;
  return said.voicesOf(count(model.voices.length), model.voices.length === 1);
}

function Held({ held }: { held: Holding }) {
  const said = t.value.farm;
  const progress = progressOf(held);
  const age = ageS(held.started_at, Date.now());
  return (
    <li>
      <a class="clip" href={link("listen", held.job_id)}>
        <bdi>{voiceName(held.voice_id)}</bdi> · {said.charsOf(count(held.chars), held.chars === 1)}
      </a>
      <progress class="bar" aria-label={said.running} {...(progress === null ? {} : { value: progress })} />
      <span class="soft small num">
        {held.segments_total ? said.segments(count(held.segments_done), count(held.segments_total)) : said.beingSpoken}
        {age === null ? "" : ` · ${said.since(span(age))}`}
      </span>
    </li>
  );
}
