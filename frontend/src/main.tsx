import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/shell.css";

import { render } from "preact";
import { App } from "./app";
import { resumeRemovals } from "./library/removal";
import { pollHealth } from "./state/service";

const root = document.getElementById("studio");
if (root) render(<App />, root);
pollHealth();
resumeRemovals();
