/**
 * The signature of a request by an API key: HMAC-SHA256 over the request as it is sent. The vectors in tests/vectors
 * of the repository are its specification.
 */

/** What is signed. */
export interface Signable {
  method: string;
  /** Path and query, exactly as they are sent. */
  target: string;
  /** The value of `X-Store-Id`, or nothing. */
  store: string;
  /** Unix seconds. */
  timestamp: string;
  /** 16 to 64 of `A-Z a-z 0-9 . _ ~ -`, never used before. */
  nonce: string;
  body: Uint8Array<ArrayBuffer>;
}

const UTF8 = new TextEncoder();

/** The text that the signature is of. */
export async function canonicalText(request: Signable): Promise<string> {
  const { method, target, store, timestamp, nonce, body } = request;
  const bodyHash = hex(await crypto.subtle.digest("SHA-256", body));
  return [method, target, store, timestamp, nonce, bodyHash].join("\n");
}

/** The value of `X-Request-Signature`. */
export async function signatureOf(request: Signable, secret: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", UTF8.encode(secret), algorithm, false, ["sign"]);
  const text = await canonicalText(request);
  return `v1=${hex(await crypto.subtle.sign("HMAC", key, UTF8.encode(text)))}`;
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
