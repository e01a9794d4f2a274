/** API keys: make, look at, revoke. */

import { useState } from 'preact/hooks';
import type { ApiKey, ApiKeyList, NewApiKey } from '../../../../src/core/api/accounts.ts';
import type { Scope } from '../../../../src/core/api/common.ts';
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Fault } from '../../components/fault.tsx';
import { Field } from '../../components/field.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { Submit } from '../../components/submit.tsx';
import { toast } from '../../components/toasts.tsx';
import { date, dateTime, ownZone } from '../../format.ts';
import { useForm } from '../../use-form.ts';
import { useResource } from '../../use-resource.ts';
import { fromLocalInput } from '../../zoned-time.ts';
import { settings } from './words.ts';

const EVERYBODYS: readonly Scope[] = ['links:read', 'links:write', 'stats:read'];

export function KeysSection({ isAdmin }: { isAdmin: boolean }) {
  const keys = useResource(() => ask<ApiKeyList>('GET', 'api-keys'), []);
  const [made, setMade] = useState<NewApiKey | null>(null);
  const revoke = async ({ id }: ApiKey) => {
    try {
      await ask('DELETE', `api-keys/${id}`);
      toast(settings.value.revoked);
      if (made?.id === id) setMade(null);
      keys.reload();
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <Section title={settings.value.keys} hint={settings.value.keysHint}>
      {keys.error !== null && <Fault error={keys.error} onRetry={keys.reload} />}
      {keys.data === null && keys.error === null && <Skeleton lines={2} />}
      {keys.data?.data.length === 0 && <p class="soft">{settings.value.noKeys}</p>}
      {keys.data !== null && keys.data.data.length > 0 && (
        <ul class="key-list">
          {keys.data.data.map((key) => (
            <KeyRow key={key.id} apiKey={key} onRevoke={() => void revoke(key)} />
          ))}
        </ul>
      )}
      {made !== null && (
        <Notice>
          <p>{settings.value.keyMade}</p>
          <div class="row key-secret">
            <code>{made.key}</code>
            <CopyButton text={made.key} size="small" />
          </div>
        </Notice>
      )}
      <details>
        <summary>{settings.value.newKey}</summary>
        <NewKeyForm
          scopes={isAdmin ? [...EVERYBODYS, 'admin'] : EVERYBODYS}
          onMade={(key) => {
            setMade(key);
            keys.reload();
          }}
        />
      </details>
    </Section>
  );
}

function KeyRow({ apiKey, onRevoke }: { apiKey: ApiKey; onRevoke: () => void }) {
  const { name, prefix, scopes, lastUsedAt, expiresAt } = apiKey;
  const used = lastUsedAt === null ? settings.value.neverUsed : `${settings.value.lastUsed} ${dateTime(lastUsedAt)}`;
  const isExpired = expiresAt !== null && Date.parse(expiresAt) <= Date.now();
  const expiry = expiresAt === null ? '' : ` · ${isExpired ? settings.value.expired : `${settings.value.expires} ${date(expiresAt)}`}`;
  return (
    <li class="key-row">
      <div>
        <p>
          <strong>{name}</strong> <code class="soft">{prefix}…</code>
        </p>
        <p class="soft small">
          {scopes.map((scope) => settings.value.scopes[scope]).join(', ')} · {used}
          {expiry}
        </p>
      </div>
      <button
        type="button"
        class="button"
        data-kind="danger"
        data-size="small"
        onClick={onRevoke}
        aria-label={`${settings.value.revoke}: ${name}`}
      >
        {settings.value.revoke}
      </button>
    </li>
  );
}

function NewKeyForm({ scopes, onMade }: { scopes: readonly Scope[]; onMade: (key: NewApiKey) => void }) {
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly Scope[]>(EVERYBODYS);
  const [expires, setExpires] = useState('');
  const form = useForm(['name', 'expiresAt'], async () => {
    const expiresAt = expires === '' ? null : fromLocalInput(expires, ownZone());
    onMade(await ask<NewApiKey>('POST', 'api-keys', { body: { name, scopes: chosen, expiresAt } }));
    setName('');
    setExpires('');
  });
  const toggle = (scope: Scope) => setChosen(chosen.includes(scope) ? chosen.filter((it) => it !== scope) : [...chosen, scope]);
  return (
    <form class="stack narrow" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <Field
        label={settings.value.keyName}
        placeholder={settings.value.keyNamePlaceholder}
        required
        value={name}
        onValue={setName}
        fault={form.faultAt('name')}
      />
      <fieldset class="checks">
        <legend class="field-label">{settings.value.keyScopes}</legend>
        {scopes.map((scope) => (
          <label class="check" key={scope}>
            <input type="checkbox" checked={chosen.includes(scope)} onChange={() => toggle(scope)} />
            {settings.value.scopes[scope]}
          </label>
        ))}
      </fieldset>
      <Field
        label={settings.value.keyExpires}
        type="datetime-local"
        value={expires}
        onValue={setExpires}
        fault={form.faultAt('expiresAt')}
      />
      <Submit isSending={form.isSending}>{settings.value.makeKey}</Submit>
    </form>
  );
}
