/** A real service on ports and in a folder of its own, as `oratio up` starts it. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 20_000;

export class Service {
  private constructor(
    readonly url: string,
    readonly folder: string,
    private readonly process: ChildProcess,
    private readonly said: string[],
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), "oratio-studio-"));
    const port = await freePort();
    const python = process.env["PYTHON"] ?? join(PROJECT, ".venv/bin/python");
    const child = spawn(python, ["-m", "cli.main", "up", "--port", String(port)], {
      cwd: PROJECT,
      env: {
        ...process.env,
        ORATIO_DATA_DIR: join(folder, "data"),
        ORATIO_MODELS_DIR: join(folder, "models"),
        ORATIO_FRONTEND_DIR: join(PROJECT, "frontend/dist"),
        HF_HUB_OFFLINE: "1",
        ...settings,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => said.push(data.toString()));
    const service = new Service(`http://127.0.0.1:${port}`, folder, child, said);
    try {
      await service.ready();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  get app(): string {
    return `${this.url}/app/`;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Speak a text and wait for its end. */
  async speak(text: string, some: Record<string, unknown> = {}): Promise<string> {
    const response = await fetch(`${this.url}/synthesize`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, format: "mp3", ...some }),
    });
    const job = (await response.json()) as { job_id: string };
    if (response.status !== 200) throw new Error(`not spoken: ${JSON.stringify(job)}`);
    return job.job_id;
  }

  /** Kill the gateway: every connection breaks, and `oratio up` starts another one. */
  async killGateway(): Promise<void> {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const [line, status] = await Promise.all(["cmdline", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")));
      if (line?.includes("api.serve") && status?.includes(`PPid:\t${this.process.pid}\n`)) {
        process.kill(Number(pid), "SIGKILL");
        return;
      }
    }
    throw new Error("no gateway was found");
  }

  async stop(): Promise<void> {
    const { process: child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await ended;
      clearTimeout(late);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async ready(): Promise<void> {
    for (const until = Date.now() + READY_WITHIN_MS; Date.now() < until; ) {
      if (this.process.exitCode !== null) break;
      const response = await fetch(`${this.url}/ready`).catch(() => null);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the service did not become ready:\n${this.said.join("")}`);
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const found = server.address();
      server.close(() => (found && typeof found === "object" ? resolve(found.port) : reject(new Error("no port"))));
    });
  });
}
