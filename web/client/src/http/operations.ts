/**
 * The types of calls, by method and path, from the generated `paths`. Nothing here exists at run time.
 */
import type { paths } from "../generated/api.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The paths of openapi.json that have the method. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<Lowercase<M>, { responses: unknown }> ? P : never;
}[keyof paths];

/** The operation behind a method and a path. */
export type Operation<M extends Method, P extends PathOf<M>> = paths[P][Lowercase<M> & keyof paths[P]];

type Parameters<O, Where extends "path" | "query"> = O extends { parameters: infer All }
  ? Where extends keyof All
    ? Exclude<All[Where], undefined>
    : never
  : never;

/** The parameters in the path, or `never` when there are none. */
export type PathParametersOf<O> = Parameters<O, "path">;

/** The parameters of the query, or `never`. */
export type QueryOf<O> = Parameters<O, "query">;

/** The body as JSON, or `never`. */
export type BodyOf<O> = O extends { requestBody?: infer Body } ? JsonOf<Exclude<Body, undefined>> : never;

type JsonOf<Body> = Body extends { content: { "application/json": infer Json } } ? Json : never;

type BodyIsNeeded<O> = O extends { requestBody: object } ? true : false;

type Success = 200 | 201 | 202 | 204;

type ContentOf<Answer> = Answer extends { content: infer Content }
  ? Content extends { "application/json": infer Json }
    ? Json
    : Content[keyof Content]
  : undefined;

/** What a successful answer carries; `undefined` where it has no body. */
export type AnswerOf<O> = O extends { responses: infer Responses }
  ? { [Status in keyof Responses & Success]: ContentOf<Responses[Status]> }[keyof Responses & Success]
  : never;

type Given<Name extends string, Value> = [Value] extends [never]
  ? { [N in Name]?: never }
  : Record<string, never> extends Value
    ? { [N in Name]?: Value }
    : { [N in Name]: Value };

type GivenBody<O> = [BodyOf<O>] extends [never]
  ? { body?: never }
  : BodyIsNeeded<O> extends true
    ? { body: BodyOf<O> }
    : { body?: BodyOf<O> };

/** A version as the body's `version`, as an `ETag`, or `*` for whatever it is now. */
export type Version = number | string;

type GivenVersion<O> = O extends { parameters: { header: { "If-Match": string } } }
  ? { ifMatch: Version }
  : O extends { parameters: { header?: { "If-Match"?: string } } }
    ? { ifMatch?: Version }
    : { ifMatch?: never };

/** What a typed call must and may be given. */
export type Input<O> = Given<"path", PathParametersOf<O>> &
  Given<"query", QueryOf<O>> &
  GivenBody<O> &
  GivenVersion<O>;
