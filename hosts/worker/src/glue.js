// What would take many calls across the boundary between JavaScript and WASM, in one call each. A crossing costs more
// than the work on either side. Views of the WASM's memory are copied before anything is awaited.

const READ = [
  "cf-connecting-ip",
  "origin",
  "authorization",
  "x-api-key",
  "x-request-timestamp",
  "x-request-nonce",
  "x-request-signature",
  "x-store-id",
  "accept",
  "accept-encoding",
  "api-version",
  "if-none-match",
  "range",
  "if-range",
  "idempotency-key",
  "content-length",
  "upgrade",
  "last-event-id",
];
const READ_WITH_BODY = [...READ, "if-match", "content-type", "content-encoding", "content-digest"];
const READ_AHEAD = ["origin", "access-control-request-method", "access-control-request-headers"];

function looked_at(method) {
  switch (method) {
    case "GET":
    case "HEAD":
      return READ;
    case "OPTIONS":
      return READ_AHEAD;
    default:
      return READ_WITH_BODY;
  }
}

// Method, address, and the headers that somebody looks at as `name:value`, a line each: none of them can hold a line
// break. One that was sent twice is one value here, joined by ", ", which no credential and no store's id can hold.
export function head(request) {
  const { method, url, headers } = request;
  let head = `${method}\n${url}`;
  for (const name of looked_at(method)) {
    const value = headers.get(name);
    if (value !== null) head += `\n${name}:${value}`;
  }
  return head;
}

// The encodings that the client takes. Cloudflare puts its own in the place of those that were sent, and keeps them here.
export function accepted_encoding(request) {
  return request.cf?.clientAcceptEncoding ?? request.headers.get("accept-encoding") ?? "";
}

// A response with its headers as JSON, `[[name, value], …]`. Appending them takes half of what the constructor needs for
// the same list.
export function respond(status, headers, body) {
  return headed(new Response(body?.slice(), { status }), headers);
}

// The same with a body that is a stream. Where the headers say gzip, the platform compresses it, and flushes after each
// chunk.
export function respond_stream(status, headers, body) {
  return headed(new Response(body, { status }), headers);
}

function headed(response, headers) {
  for (const [name, value] of JSON.parse(headers)) response.headers.append(name, value);
  return response;
}

// A client's end of a WebSocket as a queue of what has come: texts, and at the end, for good, the code that it was closed
// with. Whoever sends bounds the queue by what is not acknowledged.
export class Follower {
  constructor(response) {
    this.socket = response.webSocket;
    this.came = [];
    this.is_closed = false;
    this.waiting = undefined;
    this.socket.addEventListener("message", (event) => this.put(event.data));
    this.socket.addEventListener("close", (event) => this.end(event.code));
    this.socket.addEventListener("error", () => this.end(1006));
    this.socket.accept();
  }

  end(code) {
    if (this.is_closed) return;
    this.put(code);
    this.is_closed = true;
  }

  put(what) {
    this.came.push(what);
    this.waiting?.(this.take());
    this.waiting = undefined;
  }

  take() {
    return typeof this.came[0] === "number" ? this.came[0] : this.came.shift();
  }

  next() {
    if (this.came.length > 0) return Promise.resolve(this.take());
    return new Promise((resolve) => (this.waiting = resolve));
  }

  // Into a socket that is closing nothing can be sent; its close comes by itself.
  send(text) {
    if (!this.is_closed) attempt(() => this.socket.send(text));
  }

  close() {
    attempt(() => this.socket.close(1000, "followed long enough"));
  }
}

function attempt(action) {
  try {
    action();
  } catch {
    // Closed already.
  }
}

// The answer of another server: whole, or without an error at most so many bytes of its body as the limit says. The time
// limit is on the body, too.
export async function send(method, url, headers, body, milliseconds, limit) {
  const response = await fetch(url, {
    method,
    headers: JSON.parse(headers),
    body: body.length > 0 ? body.slice() : undefined,
    redirect: "manual",
    signal: AbortSignal.timeout(milliseconds),
  });
  return {
    status: response.status,
    body: limit === undefined ? new Uint8Array(await response.arrayBuffer()) : await beginning(response, limit),
    retry_after: response.ok ? undefined : response.headers.get("retry-after")?.slice(0, MAX_RETRY_AFTER),
  };
}

// As `storeroom_ports::http` has it.
const MAX_RETRY_AFTER = 100;

// The first bytes of a body, or what came of them before it broke off or the time was over. The rest is not read.
async function beginning(response, limit) {
  const kept = new Uint8Array(limit);
  let length = 0;
  const reader = response.body?.getReader();
  try {
    while (reader && length < limit) {
      const { done, value } = await reader.read();
      if (done) break;
      kept.set(value.subarray(0, limit - length), length);
      length = Math.min(limit, length + value.length);
    }
  } catch {
    // What came until then counts.
  }
  reader?.cancel().catch(() => {});
  return kept.subarray(0, length);
}
