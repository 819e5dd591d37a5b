/**
 * Credentials of a server: each sending is signed anew, with its own time and nonce. The secret is never sent; it must
 * never get into a page either.
 */
import type { Credentials } from "../http/credentials.ts";
import { type Runtime, systemRuntime } from "../http/runtime.ts";
import { signatureOf } from "./sign.ts";

export interface ApiKey {
  /** `<id>.<generation>`, as the service gave it out. */
  key: string;
  secret: string;
  runtime?: Runtime;
}

const KEY_FORM = /^key_[0-9a-z]{26}\.\d+$/;

/** Signs requests with an API key. */
export function apiKey({ key, secret, runtime = systemRuntime }: ApiKey): Credentials {
  if (typeof key !== "string" || !KEY_FORM.test(key)) throw new TypeError("key must be `<id>.<generation>`.");
  if (typeof secret !== "string" || secret === "") throw new TypeError("secret must be the key's secret.");
  return {
    async headersFor({ method, target, headers, body }) {
      const timestamp = String(Math.floor(runtime.now() / 1000));
      const nonce = runtime.token();
      const store = headers["x-store-id"] ?? "";
      const signable = { method, target, store, timestamp, nonce, body: bytesOf(body) };
      return {
        "x-api-key": key,
        "x-request-timestamp": timestamp,
        "x-request-nonce": nonce,
        "x-request-signature": await signatureOf(signable, secret),
      };
    },
  };
}

function bytesOf(body: string | Uint8Array<ArrayBuffer> | null): Uint8Array<ArrayBuffer> {
  return typeof body === "string" ? new TextEncoder().encode(body) : (body ?? new Uint8Array());
}
