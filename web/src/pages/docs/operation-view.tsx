/** One route: what it does, takes and answers. Its details are made when it is opened. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { hrefOf } from '../../router.ts';
import type { Answer, ApiDocument, Operation } from './document.ts';
import { MarkedText } from './marked-text.tsx';
import { Description, SchemaView, typeOf } from './schema-view.tsx';
import { TryOut } from './try-out.tsx';
import { docs } from './words.ts';

export function OperationView({ operation, document }: { operation: Operation; document: ApiDocument }) {
  const { operationId, method, path, summary } = operation;
  const isAskedFor = location.hash === `#${operationId}`;
  const [isOpen, setOpen] = useState(isAskedFor);
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (isAskedFor) details.current?.scrollIntoView();
  }, []);
  return (
    <details
      ref={details}
      class="card operation"
      id={operationId}
      open={isOpen}
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
        if (currentTarget.open) history.replaceState(null, '', `${hrefOf('/docs')}#${operationId}`);
      }}
    >
      <summary>
        <span class="method" data-method={method}>
          {method}
        </span>
        <code class="operation-path">{path}</code>
        <span class="soft small">{summary}</span>
      </summary>
      {isOpen && <Details operation={operation} document={document} />}
    </details>
  );
}

function Details({ operation, document }: { operation: Operation; document: ApiDocument }) {
  const { description, parameters, requestBody, responses } = operation;
  const body = requestBody?.content['application/json']?.schema;
  return (
    <div class="stack operation-details">
      <p>
        <MarkedText text={description} />
      </p>
      {parameters.length > 0 && (
        <section class="stack">
          <h3>{docs.value.parameters}</h3>
          <ul class="fields">
            {parameters.map(({ name, in: place, required, description: text, schema }) => (
              <li key={name}>
                <code>{name}</code> <span class="soft small">{`${docs.value.places[place]} · ${typeOf(schema, document)}`}</span>
                {required && <span class="badge">{docs.value.required}</span>}
                <Description schema={text === undefined ? schema : { ...schema, description: text }} document={document} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {body !== undefined && (
        <section class="stack">
          <h3>
            {docs.value.body} <span class="soft small">{typeOf(body, document)}</span>
          </h3>
          <SchemaView schema={body} document={document} />
        </section>
      )}
      <section class="stack">
        <h3>{docs.value.answers}</h3>
        {Object.entries(responses).map(([status, answer]) => (
          <AnswerView key={status} status={status} answer={answer} document={document} />
        ))}
      </section>
      <section class="stack">
        <h3>{docs.value.tryIt}</h3>
        <TryOut operation={operation} document={document} />
      </section>
    </div>
  );
}

const FIRST_REFUSAL = 400;

function AnswerView({ status, answer, document }: { status: string; answer: Answer; document: ApiDocument }) {
  const [[type, { schema }] = [null, {}]] = Object.entries(answer.content ?? {});
  const isRefusal = Number(status) >= FIRST_REFUSAL;
  return (
    <div>
      <p>
        <strong class="numbers">{status}</strong> <MarkedText text={answer.description} />{' '}
        {type !== null && !isRefusal && (
          <span class="soft small">
            {type} {schema !== undefined && typeOf(schema, document)}
          </span>
        )}
      </p>
      {schema !== undefined && !isRefusal && <SchemaView schema={schema} document={document} isAnswer />}
    </div>
  );
}
