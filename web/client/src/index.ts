/**
 * `@storeroom/client`: everything that an application uses.
 */
export * from "./http/errors.ts";
export type { Answer, CallOptions, Http, LooseOptions, QueryValue } from "./http/http.ts";
export type { AnswerOf, BodyOf, Method, Operation, PathOf, QueryOf, Version } from "./http/operations.ts";
export type { components, operations, paths } from "./generated/api.ts";
