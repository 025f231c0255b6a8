import { defineConfig } from "@playwright/test";

// What `npm run bench` and `npm run screenshots` run in place of the tests.
const files = process.env["FILES"] ?? "*.spec.ts";

export default defineConfig({
  testDir: "e2e",
  testMatch: files,
  // Each Playwright worker has its own browser and service. Benchmarks run one at a time.
  workers: files === "*.bench.ts" ? 1 : 2,
  fullyParallel: files === "screenshots.ts",
  timeout: 90_000,
  expect: { timeout: 15_000 },
  retries: 0,
  forbidOnly: true,
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    reducedMotion: "reduce",
    acceptDownloads: true,
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Glyphs keep their exact widths, whatever fonts and settings the machine has.
        "--font-render-hinting=none",
      ],
    },
  },
});
