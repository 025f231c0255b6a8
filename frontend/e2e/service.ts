/** Starts a real service with `oratio up`, on a free port and in a temporary folder. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = process.env["PYTHON"] ?? join(PROJECT, ".venv/bin/python");
const READY_WITHIN_MS = 90_000;
const STOPPED_WITHIN_MS = 20_000;

export class Service {
  private constructor(
    readonly url: string,
    readonly folder: string,
    private readonly process: ChildProcess,
    private readonly output: string[],
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<Service> {
    const folder = await mkdtemp(join(tmpdir(), "oratio-studio-"));
    const port = await freePort();
    const child = spawn(PYTHON, ["-m", "cli.main", "up", "--port", String(port)], {
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
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => output.push(data.toString()));
    const service = new Service(`http://127.0.0.1:${port}`, folder, child, output);
    try {
      await service.waitUntilReady();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  get dataFolder(): string {
    return join(this.folder, "data");
  }

  get databaseUrl(): string {
    return `sqlite:///${this.dataFolder}/oratio.db`;
  }

  get app(): string {
    return `${this.url}/app/`;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Creates a recording, waits until it has completed, and returns its job. */
  async synthesize(text: string, options: Record<string, unknown> = {}): Promise<string> {
    const response = await fetch(`${this.url}/synthesize`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, format: "mp3", ...options }),
    });
    const job = (await response.json()) as { job_id: string };
    if (response.status !== 200) throw new Error(`the job did not complete: ${JSON.stringify(job)}`);
    return job.job_id;
  }

  /** Creates a job and returns it at once. */
  async submit(text: string, options: Record<string, unknown> = {}): Promise<string> {
    const response = await fetch(`${this.url}/synthesize?async_mode=true`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, format: "mp3", ...options }),
    });
    return ((await response.json()) as { job_id: string }).job_id;
  }

  /** Waits until a job is running, and returns it. */
  async running(): Promise<string> {
    for (;;) {
      const { items } = await this.get<{ items: { job_id: string }[] }>("/jobs?status=running&limit=1");
      if (items[0]) return items[0].job_id;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Makes a recording look as if it had been created earlier. */
  async age(jobId: string, hours: number): Promise<void> {
    const seconds = String(3600 * hours);
    await this.execute("UPDATE recordings SET created_at = created_at - ? WHERE job_id = ?", seconds, jobId);
  }

  /** Changes the database directly. */
  async execute(statement: string, ...values: string[]): Promise<void> {
    const code =
      "import sqlite3, sys; path, statement, *values = sys.argv[1:]; c = sqlite3.connect(path, timeout=10); " +
      "c.execute(statement, values); c.commit()";
    await this.run("-c", code, join(this.dataFolder, "oratio.db"), statement, ...values);
  }

  /** Runs Python in the folder of the project. */
  async run(...options: string[]): Promise<void> {
    const env = { ...process.env, PYTHONPATH: PROJECT };
    await promisify(execFile)(PYTHON, options, { cwd: PROJECT, env });
  }

  /** Kills the gateway process. Every connection breaks, and `oratio up` starts a new gateway. */
  async killGateway(): Promise<void> {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const [line, status] = await Promise.all(
        ["cmdline", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "")),
      );
      if (line?.includes("api.serve") && status?.includes(`PPid:\t${this.process.pid}\n`)) {
        process.kill(Number(pid), "SIGKILL");
        return;
      }
    }
    throw new Error("found no gateway process");
  }

  async stop(): Promise<void> {
    const { process: child } = this;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const timeout = setTimeout(() => child.kill("SIGKILL"), STOPPED_WITHIN_MS);
      await exited;
      clearTimeout(timeout);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async waitUntilReady(): Promise<void> {
    for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline;) {
      if (this.process.exitCode !== null) break;
      const response = await fetch(`${this.url}/ready`).catch(() => null);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the service did not become ready:\n${this.output.join("")}`);
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
