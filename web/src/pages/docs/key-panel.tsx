/** Who asks: for owners who are signed in, a token is filled in, and a key may be made; and a line to see how fast it all is. */
import { useEffect } from 'preact/hooks';
import type { NewApiKey } from '../../../../src/core/api/accounts.ts';
import type { LinkPage } from '../../../../src/core/api/links.ts';
import { ask, freshToken, user } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Field } from '../../components/field.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { hrefOf } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { useResource } from '../../use-resource.ts';
import { CommandLine } from './command-line.tsx';
import type { ApiDocument } from './document.ts';
import { key } from './key.ts';
import { quoted } from './shell-words.ts';
import { docs } from './words.ts';

const DAY_MS = 86_400_000;

/** @returns a link of the owner's to try; null: there is none */
async function fillIn(): Promise<string | null> {
  key.value ||= (await freshToken()) ?? '';
  const { data } = await ask<LinkPage>('GET', 'links?limit=1');
  return data[0]?.slug ?? null;
}

export function KeyPanel({ document }: { document: ApiDocument }) {
  const isSignedIn = user.value !== null; // or it is about to be known
  const own = useResource(() => (isSignedIn ? fillIn() : Promise.resolve(null)), [isSignedIn]);
  useEffect(() => {
    return () => {
      key.value = '';
    };
  }, []);
  const make = useForm([], async () => {
    const body = {
      name: docs.value.keyName,
      scopes: ['links:read', 'links:write', 'stats:read'],
      expiresAt: new Date(Date.now() + DAY_MS).toISOString(),
    };
    key.value = (await ask<NewApiKey>('POST', 'api-keys', { body })).key;
  });
  const base = document.servers[0].url;
  return (
    <Section title={docs.value.key} hint={isSignedIn ? docs.value.keyHint : docs.value.signInHint}>
      <form class="stack" onSubmit={make.submit}>
        {own.error !== null && <Notice kind="fault">{explain(own.error)}</Notice>}
        {make.fault !== null && <Notice kind="fault">{make.fault}</Notice>}
        <Field
          label={docs.value.keyLabel}
          autoComplete="off"
          spellcheck={false}
          value={key.value}
          onValue={(value) => {
            key.value = value.trim();
          }}
          button={<CopyButton text={key.value} />}
        />
        {isSignedIn ? (
          <div class="row">
            <button type="submit" class="button" data-size="small" aria-disabled={make.isSending}>
              {docs.value.makeKey}
            </button>
            <a href={hrefOf('/settings')} data-app>
              {docs.value.allKeys}
            </a>
          </div>
        ) : (
          <a href={hrefOf('/login')} data-app>
            {docs.value.signIn}
          </a>
        )}
      </form>
      <div class="stack">
        <p>{docs.value.howFast}</p>
        <CommandLine text={`npx autocannon -c 50 -d 10 ${quoted(`${base}/${own.data ?? docs.value.someSlug}`)}`} />
        <CommandLine
          text={`npx autocannon -c 2 -a 50 -H ${quoted(`Authorization: Bearer ${key.value || docs.value.someKey}`)} ${quoted(`${base}/api/v1/links`)}`}
        />
        <p class="soft small">{docs.value.howFastHint}</p>
      </div>
    </Section>
  );
}
