/** The frame around every screen: navigation, service status, language and theme. */

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { serviceUrl } from "./api/client";
import { language, type Language, t } from "./i18n";
import { Player } from "./listen/player-bar";
import { announcement } from "./state/announcements";
import { theme } from "./state/appearance";
import type { Screen } from "./state/hash";
import { link, route } from "./state/route";
import { pageTitle } from "./state/page-title";
import { health, reachable } from "./state/service";
import { listenForShortcuts } from "./state/shortcuts";
import { Choices } from "./ui/choices";
import { Icon } from "./ui/icon";
import { Menu } from "./ui/menu";
import { Notices } from "./ui/notices";
import { isHelpOpen, ShortcutHelp } from "./ui/shortcut-help";

const NAVIGATION: readonly Exclude<Screen, "listen">[] = ["write", "library", "system"];

export function Shell({ children }: { children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  const { screen, id } = route.value;
  const lastShown = useRef(`${screen}/${id}`);
  // Runs before painting, so that a screen can restore its scroll position afterwards.
  useLayoutEffect(() => {
    if (lastShown.current === `${screen}/${id}`) return;
    lastShown.current = `${screen}/${id}`;
    main.current?.scrollTo(0, 0);
    main.current?.focus();
  }, [screen, id, language.value]);
  const title = pageTitle.value ?? screenName(screen);
  useEffect(() => {
    document.title = `${title} · OratioViva`;
  }, [title]);
  useEffect(() => listenForShortcuts(() => (isHelpOpen.value = true)), []);
  return (
    <div class="shell">
      <a
        class="button primary skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {t.value.shell.skip}
      </a>
      <header class="mobile-header">
        <Brand />
        <Menu kind="quiet" icon="settings" label={t.value.shell.settings}>
          <div class="stack">
            <Preferences />
          </div>
        </Menu>
      </header>
      <nav class="sidebar" aria-label={t.value.shell.navigation}>
        <Brand />
        <ul class="nav-list">
          {NAVIGATION.map((target) => (
            <li key={target}>
              <a
                class="nav-link"
                href={link(target)}
                aria-current={isCurrent(target, screen) ? "page" : undefined}
              >
                <Icon name={target} />
                {screenName(target)}
              </a>
            </li>
          ))}
        </ul>
        <div class="sidebar-footer">
          <Preferences />
        </div>
      </nav>
      <main id="main" class="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <Player />
      <Notices />
      <ShortcutHelp />
      <p class="visually-hidden" role="status">
        {announcement}
      </p>
    </div>
  );
}

function screenName(screen: Screen): string {
  return t.value.shell[screen];
}

/** The listen screen belongs to the library. */
function isCurrent(target: Screen, screen: Screen): boolean {
  return target === screen || (target === "library" && screen === "listen");
}

function Brand() {
  return (
    <a class="brand" href={link("write")}>
      <img src="./icon.svg" alt="" width="30" height="30" />
      OratioViva
    </a>
  );
}

const LANGUAGES: readonly { value: Language; label: string }[] = [
  { value: "en", label: "English" },
  { value: "fr", label: "Français" },
];

function Preferences() {
  const texts = t.value.shell;
  return (
    <>
      <ServiceStatus />
      <Choices
        label={texts.language}
        value={language.value}
        options={LANGUAGES}
        onChange={(chosen) => {
          language.value = chosen;
        }}
      />
      <Choices
        label={texts.theme}
        value={theme.value}
        options={(["auto", "light", "dark"] as const).map((value) => ({ value, label: texts[value] }))}
        onChange={(chosen) => {
          theme.value = chosen;
        }}
      />
      <button type="button" class="link small" onClick={() => (isHelpOpen.value = true)}>
        {texts.keys} <kbd>?</kbd>
      </button>
      <a class="small" href={serviceUrl("/docs")}>
        {texts.api}
      </a>
    </>
  );
}

function ServiceStatus() {
  const [kind, text] = serviceStatus();
  return (
    <p class={`service-status ${kind}`} role="status">
      {text}
    </p>
  );
}

function serviceStatus(): ["good" | "warn" | "bad", string] {
  const texts = t.value.shell;
  const current = health.value;
  if (!reachable.value) return ["bad", texts.serviceUnreachable];
  if (current === null) return ["good", texts.loading];
  if (current.status !== "ok") return ["warn", texts.serviceDegraded];
  return current.workers_alive
    ? ["good", texts.serviceOk(current.workers_alive)]
    : ["warn", texts.serviceNone];
}
