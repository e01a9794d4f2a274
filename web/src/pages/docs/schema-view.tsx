/** The fields of a schema, those within them indented. */
import { type ApiDocument, resolved, type Schema, titleOf } from './document.ts';
import { MarkedText } from './marked-text.tsx';
import { docs } from './words.ts';

/** Deeper schemas are only named. */
const DEEPEST = 4;

type SchemaProps = {
  schema: Schema;
  document: ApiDocument;
  depth?: number;
  /** What has to be there is only said of what a program sends. */
  isAnswer?: boolean;
};

export function SchemaView({ schema, document, depth = 0, isAnswer = false }: SchemaProps) {
  const { properties, required = [] } = fieldsOf(schema, document);
  if (properties === undefined) return depth === 0 ? <p class="small">{typeOf(schema, document)}</p> : null;
  if (depth >= DEEPEST) return null;
  return (
    <ul class="fields">
      {Object.entries(properties).map(([name, field]) => (
        <li key={name}>
          <code>{name}</code> <span class="soft small">{typeOf(field, document)}</span>
          {!isAnswer && required.includes(name) && <span class="badge">{docs.value.required}</span>}
          <Description schema={field} document={document} />
          <SchemaView schema={field} document={document} depth={depth + 1} isAnswer={isAnswer} />
        </li>
      ))}
    </ul>
  );
}

/** @param schema of a field: said beside it are what it means, and what it may be */
export function Description({ schema, document }: { schema: Schema; document: ApiDocument }) {
  const it = resolved(schema, document);
  const bounds = [
    range(docs.value.length, it.minLength, it.maxLength),
    range(docs.value.items, it.minItems, it.maxItems),
    range(null, it.minimum, it.maximum),
    it.default === undefined ? null : `${docs.value.defaults} ${JSON.stringify(it.default)}`,
  ].filter((bound) => bound !== null);
  const text = [schema.description ?? it.description, ...bounds].filter((part) => part !== undefined).join(' · ');
  return text === '' ? null : (
    <p class="soft small">
      <MarkedText text={text} />
    </p>
  );
}

function range(name: string | null, least: number | undefined, most: number | undefined): string | null {
  if (least === undefined && most === undefined) return null;
  const text = least === undefined ? `≤ ${most}` : most === undefined ? `≥ ${least}` : `${least}–${most}`;
  return name === null ? text : `${name} ${text}`;
}

/** The schema whose fields are to be shown: of a list that of its items, of a choice the first with fields. */
function fieldsOf(schema: Schema, document: ApiDocument): Schema {
  const it = resolved(schema, document);
  if (it.properties !== undefined) return it;
  const inner = it.items ?? [...(it.anyOf ?? []), ...(it.oneOf ?? [])].find((choice) => resolved(choice, document).type !== 'null');
  return inner === undefined ? {} : fieldsOf(inner, document);
}

export function typeOf(schema: Schema, document: ApiDocument): string {
  const title = titleOf(schema);
  if (title !== null) return title;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map((choice) => typeOf(choice, document)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.items !== undefined) return `${typeOf(schema.items, document)}[]`;
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
  return schema.format === undefined ? type : `${type} (${schema.format})`;
}
