/**
 * The live room: what an application uses of it.
 */
export type { Transport } from "./ladder.ts";
export type { Observable } from "./observable.ts";
export type { Json, JsonObject, Present, ResetReason, SharedValue, StoreEvent } from "./protocol.ts";
export type { Shared } from "./roster.ts";
export { Room } from "./room.ts";
export { type Batch, RoomSession, type RoomOptions } from "./session.ts";
export type { RoomStatus } from "./step.ts";
export { type CursorStorage, webStorage } from "./storage.ts";
