/** Sends a request with the key of the page, and shows the line for a terminal that does the same. */
import { useState } from 'preact/hooks';
import { common } from '../../common-words.ts';
import { Field } from '../../components/field.tsx';
import { Notice } from '../../components/notice.tsx';
import { number } from '../../format.ts';
import { CommandLine } from './command-line.tsx';
import { type ApiDocument, exampleOf, type Operation } from './document.ts';
import { key } from './key.ts';
import { quoted } from './shell-words.ts';
import { docs } from './words.ts';

const JSON_TYPE = /[/+]json\b/;
/** Characters of an answer that are shown. */
const SHOWN_MAX = 20_000;

type Result = { status: string; tookMs: number; text: string };

export function TryOut({ operation, document }: { operation: Operation; document: ApiDocument }) {
  const schema = operation.requestBody?.content['application/json']?.schema;
  const [values, setValues] = useState<Readonly<Record<string, string>>>({});
  const [body, setBody] = useState(() => (schema === undefined ? '' : JSON.stringify(exampleOf(schema, document), null, 2)));
  const [result, setResult] = useState<Result | 'unreachable' | null>(null);
  const [isSending, setSending] = useState(false);
  const target = targetOf(operation, values);
  const headers = headersOf(operation, values, schema !== undefined);
  const send = async (event: Event) => {
    event.preventDefault();
    setSending(true);
    setResult(await ask(operation.method, target, headers, schema === undefined ? null : body));
    setSending(false);
  };
  const line = [
    'curl',
    ...(operation.method === 'GET' ? [] : ['-X', operation.method]),
    quoted(`${document.servers[0].url}${target}`),
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', quoted(`${name}: ${value}`)]),
    ...(schema === undefined ? [] : ['-d', quoted(body)]),
  ].join(' ');
  return (
    <form class="stack" onSubmit={(event) => void send(event)}>
      {operation.parameters.length > 0 && (
        <div class="docs-inputs">
          {operation.parameters.map(({ name, required = false }) => (
            <Field
              key={name}
              label={name}
              required={required}
              spellcheck={false}
              autoComplete="off"
              value={values[name] ?? ''}
              onValue={(value) => setValues({ ...values, [name]: value })}
            />
          ))}
        </div>
      )}
      {schema !== undefined && (
        <textarea
          class="input docs-body"
          aria-label={docs.value.body}
          rows={body.split('\n').length}
          spellcheck={false}
          value={body}
          onInput={({ currentTarget }) => setBody(currentTarget.value)}
        />
      )}
      <CommandLine text={line} />
      <button type="submit" class="button docs-send" aria-disabled={isSending} aria-busy={isSending}>
        {docs.value.send}
      </button>
      {result === 'unreachable' && <Notice kind="fault">{common.value.unreachable}</Notice>}
      {result !== null && result !== 'unreachable' && <Answered result={result} />}
    </form>
  );
}

function Answered({ result: { status, tookMs, text } }: { result: Result }) {
  return (
    <section aria-label={docs.value.answer} aria-live="polite">
      <p>
        <strong>{status}</strong> <span class="soft small">{docs.value.took(number(tookMs))}</span>
      </p>
      {text !== '' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what is moved by keys has to get the focus (WCAG 2.1.1)
        <pre class="docs-answer" tabIndex={0}>
          {text}
        </pre>
      )}
    </section>
  );
}

function targetOf({ path, parameters }: Operation, values: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    if (place === 'query' && values[name]) query.set(name, values[name]);
  }
  const filled = path.replaceAll(/\{(\w+)\}/g, (gap, name: string) => (values[name] ? encodeURIComponent(values[name]) : gap));
  return query.size === 0 ? filled : `${filled}?${query}`;
}

function headersOf({ parameters, security }: Operation, values: Readonly<Record<string, string>>, hasBody: boolean) {
  const isOpen = security !== undefined && security.length === 0;
  const own = parameters
    .filter(({ name, in: place }) => place === 'header' && values[name])
    .map(({ name }) => [name, values[name]] as const);
  return {
    ...(isOpen || key.value === '' ? {} : { Authorization: `Bearer ${key.value}` }),
    ...(hasBody ? { 'Content-Type': 'application/json' } : {}),
    ...Object.fromEntries(own),
  };
}

/** As another program would: without this browser's cookie. */
async function ask(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Promise<Result | 'unreachable'> {
  const from = performance.now();
  try {
    const address = new URL(target.slice(1), window.document.baseURI);
    const response = await fetch(address, { method, headers: { Accept: 'application/json', ...headers }, body, credentials: 'omit' });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const shown = JSON_TYPE.test(type) ? JSON.stringify(JSON.parse(text), null, 2) : type.startsWith('text/') ? text : type;
    return {
      status: `${response.status} ${response.statusText}`.trim(),
      tookMs: Math.round(performance.now() - from),
      text: shown.length > SHOWN_MAX ? `${shown.slice(0, SHOWN_MAX)}…` : shown,
    };
  } catch (error) {
    if (error instanceof TypeError) return 'unreachable'; // what fetch rejects with, see its standard
    throw error;
  }
}
