import { defineConfig } from "vitest/config";

// Every address in the page is relative to it, so that it works below any prefix of a proxy.
export default defineConfig({
  base: "./",
  build: {
    // `make studio` builds beside the page that is served, and then puts it in its place.
    outDir: process.env["STUDIO_DIST"] ?? "dist",
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: address would need more of the content security policy than a file does.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    // `npm run dev` beside a running service: the page is served by Vite, everything else by the gateway.
    proxy: Object.fromEntries(
      ["/health", "/ready", "/voices", "/synthesize", "/jobs", "/history", "/export", "/models", "/analytics", "/workers", "/estimate"].map(
        (path) => [path, process.env["ORATIO_URL"] ?? "http://127.0.0.1:8000"],
      ),
    ),
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
