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
  "api-version",
  "if-none-match",
  "idempotency-key",
  "content-length",
  "upgrade",
];
const READ_WITH_BODY = [...READ, "if-match", "content-type", "content-encoding"];
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

// A response with its headers as JSON, `[[name, value], …]`. Appending them takes half of what the constructor needs for
// the same list.
export function respond(status, headers, body) {
  const response = new Response(body?.slice(), { status });
  for (const [name, value] of JSON.parse(headers)) response.headers.append(name, value);
  return response;
}

// The whole answer of another server. The time limit is on the body, too.
export async function send(method, url, headers, body, milliseconds) {
  const response = await fetch(url, {
    method,
    headers: JSON.parse(headers),
    body: body.length > 0 ? body.slice() : undefined,
    redirect: "manual",
    signal: AbortSignal.timeout(milliseconds),
  });
  return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
}
