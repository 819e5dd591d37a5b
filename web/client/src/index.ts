/**
 * `@storeroom/client`: everything that an application uses.
 */
export { type CacheLimits } from "./http/cache.ts";
export { type CircuitPolicy, type CircuitState } from "./http/circuit.ts";
export { type Credentials, bearerToken } from "./http/credentials.ts";
export * from "./http/errors.ts";
export type { Answer, CallOptions, Http, LooseOptions, QueryValue } from "./http/http.ts";
export type { AnswerOf, BodyOf, Method, Operation, PathOf, QueryOf, Version } from "./http/operations.ts";
export { type RetryPolicy } from "./http/retry.ts";
export { type Runtime, systemRuntime } from "./http/runtime.ts";
export { Session, type SessionOptions } from "./http/session.ts";
export { type HttpOptions } from "./http/settings.ts";
export { type TokenStore, type Tokens, localStorageTokens, memoryTokens } from "./http/tokens.ts";
export { type ApiKey, apiKey } from "./signing/api_key.ts";
export type { components, operations, paths } from "./generated/api.ts";
export { createHttp, type CreatedHttp } from "./http/create.ts";
export * from "./outbox/index.ts";
export * from "./records/index.ts";
export * from "./room/index.ts";
export { type Storeroom, type StoreroomOptions, createStoreroom } from "./storeroom.ts";
