/** What this viewer reads of an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), as src/http/openapi.ts writes it. */

export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; description?: string; schema: Schema };
type Content = Record<string, { schema?: Schema }>;
export type Answer = { description: string; content?: Content };
type Described = {
  operationId: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  security?: Record<string, unknown>[];
  requestBody?: { content: Content };
  responses: Record<string, Answer>;
};
export type ApiDocument = {
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  paths: Record<string, Record<string, Described>>;
  components: { schemas: Record<string, Schema> };
};
export type Operation = Described & { method: string; path: string };
export type Group = { name: string; operations: Operation[] };

const API_PREFIX = /^\/api\/v\d+\//;

/** By what they are about, in the order of the document: the first word of the path; of administrators' routes the first two. */
export function groupsOf({ paths }: ApiDocument): Group[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, methods] of Object.entries(paths)) {
    const [first, second] = path.replace(API_PREFIX, '').split('/');
    const name = (first === 'admin' ? `${first} · ${second}` : first).replace(/\.\w+$/, '');
    for (const [method, described] of Object.entries(methods)) {
      groups.set(name, [...(groups.get(name) ?? []), { ...described, method: method.toUpperCase(), path }]);
    }
  }
  return [...groups].map(([name, operations]) => ({ name, operations }));
}

const REFERENCE = '#/components/schemas/';

export const titleOf = ({ $ref }: Schema): string | null => $ref?.slice(REFERENCE.length) ?? null;

export function resolved(schema: Schema, document: ApiDocument): Schema {
  const title = titleOf(schema);
  return title === null ? schema : (document.components.schemas[title] ?? {});
}

const EXAMPLE_URL = 'https://example.com/';

/** A body to begin with: what must be there, or the first field when nothing must. */
export function exampleOf(schema: Schema, document: ApiDocument): unknown {
  const it = resolved(schema, document);
  if (it.const !== undefined) return it.const;
  if (it.default !== undefined) return it.default;
  if (it.enum !== undefined) return it.enum[0];
  const choice = it.anyOf?.[0] ?? it.oneOf?.[0];
  if (choice !== undefined) return exampleOf(choice, document);
  if (it.properties !== undefined) {
    const names = it.required ?? Object.keys(it.properties).slice(0, 1);
    const field = (name: string) => (name === 'url' ? EXAMPLE_URL : exampleOf(it.properties?.[name] ?? {}, document));
    return Object.fromEntries(names.map((name) => [name, field(name)]));
  }
  const type = Array.isArray(it.type) ? it.type[0] : it.type;
  if (type === 'array') return it.items === undefined ? [] : [exampleOf(it.items, document)];
  if (type === 'integer' || type === 'number') return it.minimum ?? 1;
  if (type === 'boolean') return true;
  return it.format === 'uri' ? EXAMPLE_URL : '';
}
