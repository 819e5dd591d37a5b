/**
 * The queue of writes: what an application uses of it.
 */
export {
  type Entry,
  type EntryState,
  OutboxFullError,
  type RecordChange,
  type Refusal,
  type Settled,
  type Write,
} from "./entry.ts";
export { IndexedDbStorage } from "./indexed_db.ts";
export { type Conflict, type Decision, Outbox, type OutboxOptions, type OutboxStatus, type Queued } from "./outbox.ts";
export { mergePatch, type Rebased, rebase } from "./patch.ts";
export { MemoryStorage, type OutboxStorage } from "./storage.ts";
