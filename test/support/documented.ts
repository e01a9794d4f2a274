/** Holds answers against the OpenAPI document: what it does not say is a fault of the document, or of the route. */
import { z } from 'zod';
import type { Answer } from './api-server.ts';

type Json = Record<string, unknown>;
type Documented = { description: string; headers?: Record<string, unknown>; content?: Record<string, { schema?: Json }> };
type Operation = { pattern: RegExp; method: string; responses: Record<string, Documented> };

export type OpenApi = {
  paths: Record<string, Record<string, { responses: Record<string, Documented> }>>;
  components: { schemas: Record<string, Json> };
};

/** @returns what is wrong with an answer; null: nothing, or the document does not speak of the path */
export function documentedBy({ paths, components }: OpenApi): (method: string, url: string, answer: Answer) => string | null {
  const operations = Object.entries(paths).flatMap(([path, methods]): Operation[] => {
    const pattern = patternOf(path);
    return Object.entries(methods).map(([method, { responses }]) => ({ pattern, method: method.toUpperCase(), responses }));
  });
  const definitions = withDefinitions(components.schemas);
  const schemas = new Map<Json, z.ZodType>();
  const schemaOf = (json: Json): z.ZodType => {
    const known = schemas.get(json);
    if (known !== undefined) return known;
    const schema = z.fromJSONSchema({ ...withDefinitions(json), $defs: definitions });
    schemas.set(json, schema);
    return schema;
  };

  return (method, url, answer) => {
    const path = url.split('?', 1)[0];
    // A path without parameters comes first; a method that the path does not have is none of the document's business.
    const [first] = operations.filter(({ pattern }) => pattern.test(path)).sort((one, other) => parametersOf(one) - parametersOf(other));
    const operation = operations.find((it) => it.pattern === first?.pattern && it.method === (method === 'HEAD' ? 'GET' : method));
    if (operation === undefined) return null;
    const documented = operation.responses[String(answer.status)];
    const what = `${method} ${path} answers ${answer.status}`;
    if (documented === undefined) return `${what}, which the document does not name`;
    const type = answer.headers.get('content-type')?.split(';', 1)[0];
    const code: unknown = type === 'application/problem+json' ? answer.json.code : undefined;
    if (code !== undefined && !documented.description.includes(`\`${code}\``)) return `${what} ${code}, which the document does not name`;
    if (answer.headers.has('set-cookie') && documented.headers?.['Set-Cookie'] === undefined) return `${what} with a cookie`;
    if (method === 'HEAD' || answer.json === '') return null;
    const content = documented.content?.[type ?? ''];
    if (content === undefined) return `${what} as ${type}`;
    const fault = content.schema === undefined ? undefined : schemaOf(content.schema).safeParse(answer.json).error;
    return fault === undefined ? null : `${what}: ${fault.message} in ${JSON.stringify(answer.json)}`;
  };
}

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);

const parametersOf = ({ pattern }: Operation): number => pattern.source.split('[^/]+').length;

const withDefinitions = <T>(schema: T): T => JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'));
