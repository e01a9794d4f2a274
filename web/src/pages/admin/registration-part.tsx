/** Whether visitors may make accounts. */

import { useState } from 'preact/hooks';
import type { ServerSettings } from '../../../../src/core/api/admin.ts';
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { toast } from '../../components/toasts.tsx';
import { useResource } from '../../use-resource.ts';
import { admin } from './words.ts';

export function RegistrationPart() {
  const read = useResource((signal) => ask<ServerSettings>('GET', 'admin/settings', { signal }), []);
  const [changed, setChanged] = useState<ServerSettings | null>(null);
  const settings = changed ?? read.data;
  const change = async (registrationOpen: boolean) => {
    try {
      setChanged(await ask<ServerSettings>('PATCH', 'admin/settings', { body: { registrationOpen } }));
      toast(admin.value.done);
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <Section title={admin.value.parts.settings} hint={admin.value.registrationHint}>
      {read.error !== null && <Notice kind="fault">{explain(read.error)}</Notice>}
      {settings === null && read.error === null && <Skeleton />}
      {settings !== null && (
        <label class="check">
          <input
            type="checkbox"
            checked={settings.registrationOpen}
            disabled={settings.registrationClosedBySetting}
            onChange={({ currentTarget }) => void change(currentTarget.checked)}
          />
          {admin.value.registration}
        </label>
      )}
      {settings?.registrationClosedBySetting && <Notice kind="warning">{admin.value.registrationFixed}</Notice>}
    </Section>
  );
}
