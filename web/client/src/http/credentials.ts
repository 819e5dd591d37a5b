/**
 * Who asks: a user's session, a token from elsewhere, or an API key; and how each sending gets its proof.
 *
 * Guarantees: a refused token is renewed once, and the request sent once more; a request that needs no credentials
 * carries none.
 */
import { type Dispatch, type Outgoing, readText } from "./exchange.ts";
import { codeIn } from "./problem.ts";
import { unlessAborted } from "./runtime.ts";

/** Proof of who asks. Made by `createSession`, `bearerToken` or `apiKey`. */
export interface Credentials {
  /** The headers for one sending; asked for anew for each. */
  headersFor(outgoing: Outgoing): Promise<Record<string, string>>;
  /** After the service refused these headers: whether there are better ones now. */
  renew?(refused: Record<string, string>): Promise<boolean>;
}

/** What a refused token is told by; any other refusal stays one. */
const RENEWABLE = new Set(["token-expired", "unauthenticated"]);

/**
 * Access tokens that somebody else looks after. `token` is called for each sending; with `renew` true when the service
 * refused the one before, which must not be given again then.
 */
export function bearerToken(token: string | ((renew: boolean) => string | Promise<string>)): Credentials {
  if (typeof token === "string") return { headersFor: async () => bearer(token) };
  if (typeof token !== "function") throw new TypeError("bearerToken needs a string or a function.");
  return {
    headersFor: async () => bearer(await token(false)),
    renew: async (refused) => bearer(await token(true)).authorization !== refused["authorization"],
  };
}

/** The header of an access token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** `dispatch` with proof of who asks. */
export function authorised(dispatch: Dispatch, credentials: Credentials | null): Dispatch {
  if (!credentials) return dispatch;
  return async (outgoing, signal) => {
    if (!outgoing.needsCredentials) return dispatch(outgoing, signal);
    const proof = await unlessAborted(credentials.headersFor(outgoing), signal);
    const response = await dispatch(withHeaders(outgoing, proof), signal);
    if (response.status !== 401 || !credentials.renew) return response;
    const refusal = await copyOf(response, signal);
    if (!RENEWABLE.has(refusal.code ?? "")) return refusal.response;
    if (!(await unlessAborted(credentials.renew(proof), signal))) return refusal.response;
    const better = await unlessAborted(credentials.headersFor(outgoing), signal);
    return dispatch(withHeaders(outgoing, better), signal);
  };
}

function withHeaders(outgoing: Outgoing, more: Record<string, string>): Outgoing {
  return { ...outgoing, headers: { ...outgoing.headers, ...more } };
}

/** The refusal's code, and the response with its body still to be read. */
async function copyOf(response: Response, signal: AbortSignal): Promise<{ code: string | null; response: Response }> {
  const { status, headers } = response;
  const text = await readText(response, signal);
  return { code: codeIn({ status, headers, text }), response: new Response(text, { status, headers }) };
}
