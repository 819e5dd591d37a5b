// Checks signed-requests.json by an implementation of its own: `node tests/vectors/check.mjs`.
// It relies on README.md beside it and on nothing of the service's code.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";

const file = JSON.parse(readFileSync(new URL("signed-requests.json", import.meta.url), "utf8"));

const FORMS = {
  "x-api-key": /^(key_[0-9a-hjkmnp-tv-z]{26})\.(0|[1-9][0-9]*)$/,
  "x-request-timestamp": /^(0|[1-9][0-9]{0,17})$/,
  "x-request-nonce": /^[A-Za-z0-9._~-]{16,64}$/,
  "x-request-signature": /^v1=[0-9a-f]{64}$/,
};

function derivedSecret(master, apiKey) {
  const [, id, generation] = FORMS["x-api-key"].exec(apiKey);
  const mac = createHmac("sha256", master).update(`v1|${id}|${generation}`).digest("base64url");
  return `sk_${mac}`;
}

function bytesOf(request) {
  return "body" in request ? Buffer.from(request.body, "utf8") : Buffer.from(request.body_base64, "base64");
}

function canonicalText(request, header) {
  const bodyHash = createHash("sha256").update(bytesOf(request)).digest("hex");
  const lines = [request.method, request.target, header("x-store-id") ?? "", header("x-request-timestamp")];
  return [...lines, header("x-request-nonce"), bodyHash].join("\n");
}

function verdict({ request, master, now }) {
  const all = (name) => request.headers.filter(([sent]) => sent.toLowerCase() === name).map(([, value]) => value);
  const header = (name) => all(name)[0];
  for (const [name, form] of Object.entries(FORMS)) {
    if (all(name).length !== 1 || !form.test(header(name))) return ["unauthenticated"];
  }
  if (all("x-store-id").length > 1) return ["unauthenticated"];
  if (Math.abs(now - Number(header("x-request-timestamp"))) > file.window_s) return ["signature-expired"];
  const canonical = canonicalText(request, header);
  const secret = derivedSecret(master, header("x-api-key"));
  const signature = `v1=${createHmac("sha256", secret).update(canonical).digest("hex")}`;
  const fits = timingSafeEqual(Buffer.from(signature), Buffer.from(header("x-request-signature")));
  return fits ? ["ok", canonical] : ["signature-invalid"];
}

function faults(vector) {
  const [found, canonical] = verdict(vector);
  const apiKey = vector.request.headers.find(([name]) => name.toLowerCase() === "x-api-key")?.[1];
  const said = found === vector.expect ? [] : [`expected ${vector.expect}, found ${found}`];
  if (canonical !== vector.canonical) said.push(`expected the text ${vector.canonical}, found ${canonical}`);
  if (found === "ok" && derivedSecret(vector.master, apiKey) !== vector.secret) {
    said.push("the secret is not the one that the master key gives");
  }
  return said.map((fault) => `${vector.name}: ${fault}`);
}

const bad = file.vectors.flatMap(faults);
bad.forEach((fault) => console.error(fault));
const good = file.vectors.filter((vector) => vector.expect === "ok").length;
console.log(`${file.vectors.length} vectors (${good} good, ${file.vectors.length - good} bad), ${bad.length} faults`);
process.exit(bad.length === 0 && good >= 8 && file.vectors.length >= 16 ? 0 : 1);
