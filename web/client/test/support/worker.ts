/**
 * A Worker on workerd, the runtime of Cloudflare, with a script of the test's.
 *
 * Guarantees: it listens when `startWorker` resolves, and has ended when `stop` resolves. Relies on: workerd, which
 * Wrangler brings.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The path of the program. */
const { default: workerd } = createRequire(import.meta.url)("workerd") as { default: string };

const CONFIG = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
);
`;

/** A Worker that runs. */
export interface RunningWorker {
  url: string;
  stop(): Promise<void>;
}

/** Runs a module with a default export as a Worker has it. */
export async function startWorker(script: string): Promise<RunningWorker> {
  const folder = await mkdtemp(join(tmpdir(), "storeroom-worker-"));
  await writeFile(join(folder, "worker.js"), script);
  await writeFile(join(folder, "config.capnp"), CONFIG);
  const stdio = ["ignore", "inherit", "inherit", "pipe"] as const;
  const child = spawn(workerd, ["serve", "--control-fd=3", join(folder, "config.capnp")], { stdio: [...stdio] });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${await portOf(child)}`, stop };
}

/** workerd says on its control channel where it listens. */
async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const message = JSON.parse(line) as { event: string; port?: number };
    if (message.event === "listen" && message.port) return message.port;
  }
  throw new Error("workerd ended before it listened.");
}
