/** A shop of its own for a file of tests, reached through a proxy with faults that is reset before each test. */
import { after, beforeEach } from "node:test";
import { Proxy } from "./proxy.ts";
import { SERVICE, type Shop, openShop } from "./service.ts";

/** To be awaited at the top of the file; the proxy is stopped with the last test. */
export async function behindProxy(): Promise<{ proxy: Proxy; shop: Shop }> {
  const proxy = await Proxy.start(SERVICE);
  after(() => proxy.stop());
  beforeEach(() => {
    proxy.plan = () => undefined;
    proxy.seen.length = 0;
  });
  return { proxy, shop: await openShop() };
}
