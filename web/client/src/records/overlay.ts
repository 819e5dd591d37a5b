/**
 * Changes that are on their way, laid over what the service has.
 *
 * Guarantees: changes stack in the order in which they were made; one that the service has confirmed by an event shows
 * no more than the event does. Relies on: the outbox listing a change until it has ended.
 */

import type { Entry } from "../outbox/entry.ts";
import { isObject, patched } from "../outbox/patch.ts";
import { isEqual } from "../room/json.ts";
import type { JsonObject } from "../room/protocol.ts";

/** The changes of an outbox, by record. */
export class Overlays {
  #entries = new Map<string, Entry[]>();
  /** The keys of changes that an event has confirmed, ahead of their answer. */
  readonly #confirmed = new Set<string>();

  /** Takes over the list. Answers the records whose changes differ. */
  replace(entries: readonly Entry[]): Set<string> {
    const before = this.#entries;
    this.#entries = new Map();
    for (const entry of entries) {
      if (!entry.change || entry.state === "failed") continue;
      const of = this.#entries.get(entry.change.id);
      if (of) of.push(entry);
      else this.#entries.set(entry.change.id, [entry]);
    }
    this.#forget(entries);
    return new Set([...before.keys(), ...this.#entries.keys()]);
  }

  /** The record as it is to be shown; `document` is what the service has, where that is known. */
  shown(id: string, document: JsonObject | undefined): JsonObject | undefined {
    const entries = this.#entries.get(id) ?? [];
    let shown = document ?? entries[0]?.change?.base;
    for (const { body, key } of entries) {
      if (shown && isObject(body) && !this.#confirmed.has(key)) shown = patched(shown, body);
    }
    return shown;
  }

  /** The service has made `before` into `after`: was that the change that is being sent? */
  confirm(id: string, before: JsonObject, after: JsonObject): void {
    const sending = this.#entries.get(id)?.find(({ state }) => state === "sending");
    if (!sending || !isObject(sending.body) || sending.ifMatch !== before["version"]) return;
    const meant = patched(before, sending.body);
    const isOurs = Object.keys(sending.body).every((name) => isEqual(meant[name] ?? null, after[name] ?? null));
    if (isOurs) this.#confirmed.add(sending.key);
  }

  #forget(entries: readonly Entry[]): void {
    const keys = new Set(entries.map(({ key }) => key));
    for (const key of this.#confirmed) if (!keys.has(key)) this.#confirmed.delete(key);
  }
}
