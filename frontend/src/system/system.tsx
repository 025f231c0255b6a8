/** The farm: who speaks, with what, and how it went. */

import "./system.css";

import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { replaceQuery, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { lazy } from "../ui/lazy";
import { Models } from "./models";
import { Tabs } from "./tabs";
import { Workers } from "./workers";

const PARTS = ["workers", "models", "figures"] as const;
type Part = (typeof PARTS)[number];

// Its charts are drawn by a library that nothing else needs.
const Figures = lazy(() => import("./statistics").then((part) => part.Figures));

export function Farm() {
  const said = t.value.farm;
  const part = partOf(route.value.query);
  useEffect(() => {
    if (voices.value === null) void loadVoices();
  }, []);
  return (
    <div class="screen farm">
      <header class="screen-head">
        <div>
          <h1>{said.title}</h1>
          <p>{said.lead}</p>
        </div>
      </header>
      <Tabs
        label={said.parts}
        value={part}
        options={PARTS.map((value) => ({ value, label: said[value] }))}
        onChange={(chosen) => replaceQuery(new URLSearchParams({ part: chosen }))}
      >
        {part === "workers" ? <Workers /> : part === "models" ? <Models /> : <Figures />}
      </Tabs>
    </div>
  );
}

function partOf(query: URLSearchParams): Part {
  const asked = query.get("part");
  return PARTS.find((part) => part === asked) ?? "workers";
}
