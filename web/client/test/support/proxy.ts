/**
 * A real HTTP proxy in front of the real service, for faults that reality does not give on demand.
 *
 * Guarantees: it counts every request that reaches it, and passes on unchanged what no fault is set for.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request in place of being passed on. */
export type Fault =
  /** The connection is cut before the service hears of the request. */
  | { kind: "cut" }
  /** The service does what was asked, and its answer is lost. */
  | { kind: "lose answer" }
  /** Half of the service's answer arrives, then the connection is cut. */
  | { kind: "cut answer" }
  /** Something in between answers. */
  | { kind: "answer"; status: number; headers?: Record<string, string>; body?: string | Buffer }
  /** An answer that begins and never ends. */
  | { kind: "endless" }
  /** Once the promise resolves, the request is passed on, or its connection is cut. */
  | { kind: "hold"; until: Promise<void>; thenCut?: boolean };

/** A request as it arrived. */
export interface Seen {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
}

/** Chooses what happens to a request; `undefined` passes it on. */
export type Plan = (request: Seen) => Fault | undefined;

export class Proxy {
  readonly seen: Seen[] = [];
  /** How many are being held or passed on now, and the most there ever were. */
  open = 0;
  mostOpen = 0;
  plan: Plan = () => undefined;
  readonly #upstream: URL;
  readonly #server: http.Server;
  readonly #agent = new http.Agent({ keepAlive: true });
  #arrivals: { test: () => boolean; resolve: () => void }[] = [];

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = http.createServer((request, response) => void this.#serve(request, response));
  }

  /** Listens on a free port. */
  static async start(upstream: string): Promise<Proxy> {
    const proxy = new Proxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many requests of this method and beginning of a path arrived. */
  count(method: string, path: string): number {
    return this.seen.filter((request) => request.method === method && request.url.startsWith(path)).length;
  }

  /** Gives the faults to the next requests of the method, one each; others pass. */
  next(method: string, ...faults: Fault[]): void {
    this.plan = (request) => (request.method === method ? faults.shift() : undefined);
  }

  /** Resolves when so many requests have arrived. */
  arrived(count: number): Promise<void> {
    return this.#when(() => this.seen.length >= count);
  }

  /** Resolves when so many requests are being held or passed on. */
  inFlight(count: number): Promise<void> {
    return this.#when(() => this.open === count);
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #when(test: () => boolean): Promise<void> {
    if (test()) return Promise.resolve();
    return new Promise((resolve) => this.#arrivals.push({ test, resolve }));
  }

  #tell(): void {
    this.#arrivals = this.#arrivals.filter(({ test, resolve }) => !test() || resolve() !== undefined);
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const seen = { method: request.method ?? "", url: request.url ?? "", headers: request.headers };
    this.seen.push(seen);
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.on("close", () => {
      this.open -= 1;
      this.#tell();
    });
    const fault = this.plan(seen);
    this.#tell();
    if (fault?.kind === "hold") await fault.until;
    if (fault && answeredHere(fault, response)) return;
    this.#pass(request, response, fault);
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse, fault: Fault | undefined): void {
    const { hostname, port } = this.#upstream;
    const { method, url, headers } = request;
    const options = { hostname, port, method: method ?? "GET", path: url ?? "/", headers, agent: this.#agent };
    const onward = http.request(options, (answer) => {
      if (fault?.kind === "lose answer") return void answer.resume().on("end", () => response.destroy());
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (fault?.kind === "cut answer") return void answer.once("data", (part: Buffer) => cutHalfway(response, part));
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  }
}

/** Whether the fault leaves nothing to pass on. */
function answeredHere(fault: Fault, response: http.ServerResponse): boolean {
  switch (fault.kind) {
    case "cut":
      response.destroy();
      return true;
    case "hold":
      if (fault.thenCut) response.destroy();
      return fault.thenCut === true;
    case "answer":
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return true;
    case "endless":
      response.writeHead(200, { "content-type": "application/json" }).write("[");
      return true;
    default:
      return false;
  }
}

function cutHalfway(response: http.ServerResponse, part: Buffer): void {
  response.write(part.subarray(0, part.length / 2), () => response.destroy());
}
