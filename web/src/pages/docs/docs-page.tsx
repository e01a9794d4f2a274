/**
 * The API, from the OpenAPI document that the server makes of its own routes. A viewer of our own: those in the registry write styles into
 * their elements, which the policy of our pages forbids (docs/adr/0016).
 */
import { useState } from 'preact/hooks';
import { ProblemError, UnreachableError } from '../../api/client.ts';
import { Loaded } from '../../components/loaded.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { usePageTitle } from '../../page-title.ts';
import { useResource } from '../../use-resource.ts';
import { type ApiDocument, groupsOf, type Operation } from './document.ts';
import { KeyPanel } from './key-panel.tsx';
import { OperationView } from './operation-view.tsx';
import { docs } from './words.ts';
import './docs.css';

const ADDRESS = new URL('openapi.json', document.baseURI);

async function readDocument(signal: AbortSignal): Promise<ApiDocument> {
  const response = await fetch(ADDRESS, { signal }).catch((cause) => {
    throw new UnreachableError('the document cannot be loaded', { cause });
  });
  if (!response.ok) throw new ProblemError(await response.json(), null);
  return response.json();
}

export function DocsPage() {
  usePageTitle(docs.value.title);
  const read = useResource(readDocument, []);
  return (
    <div class="docs">
      <h1>{docs.value.title}</h1>
      <Loaded resource={read}>{(api) => <Api document={api} />}</Loaded>
    </div>
  );
}

function Api({ document }: { document: ApiDocument }) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const fits = ({ method, path, summary }: Operation) => `${method} ${path} ${summary}`.toLowerCase().includes(wanted);
  const groups = groupsOf(document)
    .map((group) => ({ ...group, operations: group.operations.filter(fits) }))
    .filter(({ operations }) => operations.length > 0);
  return (
    <>
      <p>
        {docs.value.intro}{' '}
        <a href={ADDRESS.href} target="_blank" rel="noreferrer">
          OpenAPI 3.1 (JSON)
        </a>
        {' · '}
        <span class="soft">
          {docs.value.version} {document.info.version}
        </span>
      </p>
      <KeyPanel document={document} />
      <SearchField label={docs.value.search} value={search} onValue={setSearch} />
      {groups.length === 0 && <p class="card soft">{docs.value.nothing}</p>}
      {groups.map(({ name, operations }) => (
        <section key={name} class="stack operations">
          <h2>{name}</h2>
          {operations.map((operation) => (
            <OperationView key={operation.operationId} operation={operation} document={document} />
          ))}
        </section>
      ))}
    </>
  );
}
