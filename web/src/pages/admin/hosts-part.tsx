/** Hosts that no link may lead to. */

import { useState } from 'preact/hooks';
import type { BlockedHost } from '../../../../src/core/api/admin.ts';
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Field } from '../../components/field.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { Submit } from '../../components/submit.tsx';
import { toast } from '../../components/toasts.tsx';
import { date } from '../../format.ts';
import { useForm } from '../../use-form.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';
import { admin } from './words.ts';

export function HostsPart() {
  const pages = usePages<BlockedHost>('admin/blocked-hosts?limit=100');
  const [host, setHost] = useState('');
  const form = useForm(['host'], async () => {
    await ask('POST', 'admin/blocked-hosts', { body: { host: host.trim() } });
    setHost('');
    pages.reload();
  });
  const unblock = async (blocked: string) => {
    try {
      await ask('DELETE', `admin/blocked-hosts/${encodeURIComponent(blocked)}`);
      pages.change((hosts) => hosts.filter((it) => it.host !== blocked));
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <Section title={admin.value.parts.hosts} hint={admin.value.hostsHint}>
      <form class="stack narrow" onSubmit={form.submit}>
        {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
        <Field
          label={admin.value.host}
          placeholder="example.com"
          required
          spellcheck={false}
          autoComplete="off"
          value={host}
          onValue={setHost}
          fault={form.faultAt('host')}
          button={<Submit isSending={form.isSending}>{admin.value.block}</Submit>}
        />
      </form>
      <PageList pages={pages} empty={admin.value.noHosts}>
        <ul class="key-list">
          {pages.items?.map(({ host: blocked, createdAt }) => (
            <li key={blocked} class="key-row">
              <div>
                <strong>{blocked}</strong> <span class="soft small">{date(createdAt)}</span>
              </div>
              <button
                type="button"
                class="button"
                data-size="small"
                aria-label={`${admin.value.unblock}: ${blocked}`}
                onClick={() => void unblock(blocked)}
              >
                {admin.value.unblock}
              </button>
            </li>
          ))}
        </ul>
      </PageList>
    </Section>
  );
}
