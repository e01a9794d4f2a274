/** The OpenAPI 3.1 document, made from the routes and their schemas, served at /openapi.json. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { problemSchema } from '../core/api/common.ts';
import type { FailureCode } from '../core/failure.ts';
import { isKnown } from './conditional.ts';
import { PROBLEM_TYPE, PROBLEMS } from './problem.ts';
import type { ApiRoute, HeaderDescription, ServedRoute } from './route.ts';

type Json = Record<string, unknown>;

/** Either of them. */
const SECURITY = [{ bearer: [] }, { apiKey: [] }];

export function openApiDocument(routes: readonly ApiRoute[], { version, baseUrl }: { version: string; baseUrl: string }): Json {
  const schemas = new Schemas();
  schemas.of(problemSchema);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'elnk',
      version,
      description: 'Short links and their statistics. Times are ISO 8601 in UTC; errors are problems as of RFC 9457 with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: baseUrl }],
    security: SECURITY,
    paths,
    components: {
      schemas: schemas.components,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token or an API key' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      },
    },
  };
}

function operation(route: ApiRoute, schemas: Schemas): Json {
  const { status, description, schema, mediaTypes = [], headers } = route.reply;
  const json = (it: z.ZodType, guests: z.ZodType | undefined) => ({
    content: { 'application/json': { schema: guests === undefined ? schemas.of(it) : { anyOf: [schemas.of(it), schemas.of(guests)] } } },
  });
  const file = route.upload === undefined ? {} : { requestBody: { required: true, ...otherContent(route.upload.mediaTypes) } };
  const body = route.body === null ? file : { requestBody: { required: true, ...json(route.body, route.guest?.body) } };
  const content = schema === null ? otherContent(mediaTypes) : json(schema, route.guest?.reply);
  return {
    summary: route.summary,
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[/{}]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    description: [whoMay(route.scope), route.guest?.description].join(' ').trim(),
    parameters: [...pathParameters(route.path), ...queryParameters(route.query), ...route.requestHeaders.map(headerParameter)],
    ...(route.scope === null ? { security: [] } : {}),
    ...(route.guest === undefined ? {} : { security: [{}, ...SECURITY] }),
    ...body,
    responses: {
      [status]: { description, ...headerDescriptions([...headers, ...RATE_LIMIT_HEADERS]), ...content },
      ...unchanged(route),
      ...problems(route),
    },
  };
}

const unchanged = ({ requestHeaders }: ApiRoute): Json =>
  requestHeaders.some(({ name }) => name === 'If-None-Match') ? { 304: { description: 'It is what the ETag names' } } : {};

/** Of every answer; of a refusal because of another limit, they are that limit's. */
const RATE_LIMIT_HEADERS: readonly HeaderDescription[] = [
  { name: 'RateLimit-Policy', description: 'A limit: its name, `q` requests in `w` seconds' },
  { name: 'RateLimit', description: 'What is left of it: `r` requests, about, for the next `t` seconds' },
];

const otherContent = (mediaTypes: readonly string[]): Json =>
  mediaTypes.length === 0 ? {} : { content: Object.fromEntries(mediaTypes.map((type) => [type, {}])) };

function whoMay(scope: ApiRoute['scope']): string {
  if (scope === null) return 'For everybody.';
  return scope === 'session' ? 'For people who are signed in; keys are refused.' : `Needs the scope \`${scope}\`.`;
}

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));

function queryParameters(query: z.ZodType | null): Json[] {
  if (query === null) return [];
  const { properties } = jsonSchema(query) as { properties: Record<string, Json> };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

const headerParameter = ({ name, description }: HeaderDescription): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
});

const headerDescriptions = (headers: readonly HeaderDescription[]): Json => ({
  headers: Object.fromEntries(headers.map(({ name, description }) => [name, { description, schema: { type: 'string' } }])),
});

function problems(route: ApiRoute): Json {
  const ofQuery: FailureCode[] = route.query === null ? [] : ['malformed', 'invalid'];
  const ofBody: FailureCode[] =
    route.body === null && route.upload === undefined
      ? []
      : ['malformed', 'request_timeout', 'too_large', 'unsupported_media_type', 'invalid'];
  const ofPath: FailureCode[] = route.path.includes('{') ? ['not_found'] : [];
  const ofHeaders: FailureCode[] = route.requestHeaders.length === 0 ? [] : ['malformed'];
  const ofCaller: FailureCode[] = route.scope === null ? [] : ['unauthenticated', 'banned', 'forbidden'];
  const ofOrigin: FailureCode[] = route.method === 'GET' ? [] : ['forbidden'];
  const always: FailureCode[] = ['too_many_requests', 'internal', 'store_away', 'deadline'];
  const byStatus = new Map<number, Set<FailureCode>>();
  for (const code of [
    ...ofQuery,
    ...ofBody,
    ...ofPath,
    ...ofHeaders,
    ...ofCaller,
    ...ofOrigin,
    ...always,
    ...route.failures,
    ...(route.guest?.failures ?? []),
  ]) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, problemResponse([...codes])]));
}

const problemResponse = (codes: readonly FailureCode[]): Json => ({
  description: codes.map((code) => `${PROBLEMS[code].title} (\`${code}\`)`).join('; '),
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** Schemas with a title become components, wherever they stand. */
class Schemas {
  readonly components: Record<string, Json> = {};

  of(schema: z.ZodType): Json {
    const title = schema.meta()?.title;
    if (title === undefined) return this.inline(schema);
    this.components[title] ??= this.inline(schema);
    return reference(title);
  }

  inline(schema: z.ZodType): Json {
    const inner: z.ZodType[] = [];
    const json = jsonSchema(schema, inner);
    for (const it of inner) this.of(it);
    return json;
  }
}

const reference = (title: string): Json => ({ $ref: `#/components/schemas/${title}` });

/**
 * As a client may send it (answers may gain fields), without the noise that zod adds.
 * @param inner gets the schemas inside that are components, for which there is only a reference
 */
function jsonSchema(schema: z.ZodType, inner: z.ZodType[] = []): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: it }) => {
      if (it.format === 'date-time') delete it.pattern;
      if (it.maximum === Number.MAX_SAFE_INTEGER) delete it.maximum;
      if (it.minimum === Number.MIN_SAFE_INTEGER) delete it.minimum;
      const within: unknown = zodSchema;
      if (it.title === undefined || within === schema) return;
      const { title } = it;
      for (const key of Object.keys(it)) delete it[key];
      Object.assign(it, reference(title));
      inner.push(within as z.ZodType);
    },
  });
  return rest;
}

export function openApiRoute(document: Json): ServedRoute {
  const body = JSON.stringify(document);
  const headers = {
    ETag: `"${createHash('sha256').update(body).digest('base64url')}"`,
    'Cache-Control': 'no-cache',
    'Content-Type': 'application/json',
  };
  return {
    method: 'GET',
    path: '/openapi.json',
    maxBodyBytes: 0,
    handler: (exchange) => {
      return isKnown(exchange, headers.ETag) ? { status: 304, headers } : { status: 200, headers, body };
    },
  };
}
