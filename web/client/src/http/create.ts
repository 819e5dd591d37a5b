/**
 * Puts the layers of a client together. From a call to the wire:
 *
 *   shared reads → cache → retry → queue → circuit → one exchange with its timeout → credentials → fetch
 *
 * A retry waits outside the queue, so it holds no place; it passes the circuit again, so an open one ends it; and it is
 * proven anew, so a signature is never sent twice.
 */
import { answerOf } from "./answer.ts";
import { caching } from "./cache.ts";
import { Circuit, type CircuitState } from "./circuit.ts";
import { authorised } from "./credentials.ts";
import { type Dispatch, type Incoming, type Outgoing, exchanging, fetching, readText, withDeadline } from "./exchange.ts";
import type { Answer, Http, LooseOptions } from "./http.ts";
import type { Method } from "./operations.ts";
import { type Setting, filled, outgoingOf } from "./outgoing.ts";
import { problemOf } from "./problem.ts";
import { queueing } from "./queue.ts";
import { retrying } from "./retry.ts";
import { type HttpOptions, type Settings, settingsOf, storeOf } from "./settings.ts";
import { sharing } from "./shared_reads.ts";

/** A client, with what only its maker needs to see. */
export interface CreatedHttp extends Http {
  readonly circuit: { readonly state: CircuitState };
  forStore(store: string | null): CreatedHttp;
}

/** Makes a client; a `TypeError` says which option is wrong. */
export function createHttp(options: HttpOptions): CreatedHttp {
  const settings = settingsOf(options);
  return client(settings, layersOf(settings), settings.store);
}

/** What the clients of all stores share. */
interface Layers {
  dispatch: Dispatch;
  circuit: Circuit;
  send(outgoing: Outgoing, fresh: boolean): Promise<Incoming>;
}

function layersOf(settings: Settings): Layers {
  const { baseUrl, runtime, credentials } = settings;
  const dispatch = authorised(fetching(runtime, baseUrl), credentials);
  const circuit = new Circuit(settings.circuit, runtime, settings.onCircuitChange);
  const once = circuit.guarding(exchanging(dispatch, runtime));
  const queued = queueing(once, settings.concurrency);
  const repeated = retrying(queued, settings.retry, runtime);
  return { dispatch, circuit, send: sharing(caching(repeated, settings.cache)) };
}

function client(settings: Settings, layers: Layers, store: string | null): CreatedHttp {
  const setting: Setting = { store, timeoutMs: settings.timeoutMs, runtime: settings.runtime };

  const call = async (method: Method, path: string, options: LooseOptions = {}): Promise<Answer<unknown>> => {
    const outgoing = outgoingOf(method, path, options, setting);
    return answerOf(await layers.send(outgoing, options.fresh === true), outgoing);
  };
  const request = async (
    method: Method,
    template: string,
    { path, ...options }: LooseOptions & { path?: Record<string, unknown> } = {},
  ): Promise<Answer<unknown>> => call(method, filled(template, path), options);
  const open = async (method: Method, path: string, options: LooseOptions = {}): Promise<Response> =>
    opened(layers.dispatch, outgoingOf(method, path, options, setting), settings);

  return {
    baseUrl: settings.baseUrl,
    store,
    circuit: layers.circuit,
    call,
    // The types of the interface say what comes for which operation; the service keeps them.
    request: request as Http["request"],
    open,
    forStore: (other) => client(settings, layers, storeOf(other)),
  };
}

async function opened(dispatch: Dispatch, outgoing: Outgoing, { runtime }: Settings): Promise<Response> {
  return withDeadline(runtime, outgoing, async (signal) => {
    const response = await dispatch(outgoing, signal);
    if (response.ok) return response;
    const { status, headers } = response;
    throw problemOf({ status, headers, text: await readText(response, signal) });
  });
}
