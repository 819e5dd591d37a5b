/**
 * A proxy of bytes in front of the service, whose connections can be cut and delayed, WebSockets too.
 *
 * Guarantees: what is passed on is unchanged, and what arrives late arrives in order.
 */

import net from "node:net";

/** The proxy. */
export class Cuttable {
  /** Every part waits so long before it is passed on. */
  delayMs = 0;
  /** Nobody gets through: connections are cut as soon as they come. */
  isDown = false;
  /** Connections that were ever taken. */
  taken = 0;
  readonly #upstream: URL;
  readonly #server: net.Server;
  readonly #pairs = new Set<[net.Socket, net.Socket]>();

  private constructor(upstream: string) {
    this.#upstream = new URL(upstream);
    this.#server = net.createServer((near) => this.#serve(near));
  }

  /** Listens on a free port. */
  static async start(upstream: string): Promise<Cuttable> {
    const proxy = new Cuttable(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** Cuts every connection now. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async stop(): Promise<void> {
    this.isDown = true;
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(near: net.Socket): void {
    this.taken += 1;
    near.on("error", () => {});
    if (this.isDown) return void near.destroy();
    const far = net.connect(Number(this.#upstream.port), this.#upstream.hostname);
    const pair: [net.Socket, net.Socket] = [near, far];
    this.#pairs.add(pair);
    this.#pass(near, far);
    this.#pass(far, near);
    const end = (): void => {
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
  }

  #pass(from: net.Socket, to: net.Socket): void {
    from.on("data", (part) => {
      if (this.delayMs === 0) to.write(part);
      else setTimeout(() => to.writable && to.write(part), this.delayMs);
    });
  }
}
