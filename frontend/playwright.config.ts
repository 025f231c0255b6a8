import { defineConfig } from "@playwright/test";

// Each Playwright worker has its own browser and service. Benchmarks run one at a time.
const isBenchmark = process.env["BENCH"] === "1";

export default defineConfig({
  testDir: "e2e",
  testMatch: isBenchmark ? "*.bench.ts" : "*.spec.ts",
  workers: isBenchmark ? 1 : 2,
  fullyParallel: false,
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
