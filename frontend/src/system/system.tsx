/** The system screen: workers and queues, models and their downloads, statistics. */

import "./system.css";

import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { replaceQuery, route } from "../state/route";
import { loadVoices, voices } from "../state/voices";
import { lazy } from "../ui/lazy";
import { Models } from "./models";
import { Tabs } from "./tabs";
import { Workers } from "./workers";

const TABS = ["workers", "models", "statistics"] as const;
type Tab = (typeof TABS)[number];

// Loaded on demand: only its charts need the chart library.
const Statistics = lazy(() => import("./statistics").then((module) => module.Statistics));

export function System() {
  const texts = t.value.system;
  const tab = tabOf(route.value.query);
  useEffect(() => {
    if (voices.value === null) void loadVoices();
  }, []);
  return (
    <div class="screen system">
      <header class="screen-head">
        <div>
          <h1>{texts.title}</h1>
          <p>{texts.lead}</p>
        </div>
      </header>
      <Tabs
        label={texts.sections}
        value={tab}
        options={TABS.map((value) => ({ value, label: texts[value] }))}
        onChange={(selected) => replaceQuery(new URLSearchParams({ tab: selected }))}
      >
        {tab === "workers" ? <Workers /> : tab === "models" ? <Models /> : <Statistics />}
      </Tabs>
    </div>
  );
}

function tabOf(query: URLSearchParams): Tab {
  const requested = query.get("tab");
  return TABS.find((tab) => tab === requested) ?? "workers";
}
