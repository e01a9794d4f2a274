/** The page that the one-time link of a new server opens: the first administrator. */

import { useState } from 'preact/hooks';
import type { Session } from '../../../../src/core/api/accounts.ts';
import { ask, startSession } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { EmailField } from '../../components/email-field.tsx';
import { Notice } from '../../components/notice.tsx';
import { Submit } from '../../components/submit.tsx';
import { deviceZone, ZoneField } from '../../components/zone-field.tsx';
import { usePageTitle } from '../../page-title.ts';
import { locale } from '../../preferences.ts';
import { navigate } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { mailToken } from './mail-token.ts';
import { NewPassword } from './new-password.tsx';
import { auth } from './words.ts';

export function SetupPage() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [timezone, setTimezone] = useState(deviceZone());
  usePageTitle(auth.value.setup);
  const setUp = async () => {
    const body = { token: mailToken(), email, password, timezone, locale: locale.value };
    startSession(await ask<Session>('POST', 'auth/setup', { body }));
    navigate('/links', { replace: true });
  };
  const form = useForm(['email', 'password', 'timezone'], setUp, { invalid: auth.value.setupOver });
  return (
    <form class="stack alone" onSubmit={form.submit}>
      <h1>{auth.value.setup}</h1>
      <p class="soft">{auth.value.setupText}</p>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <EmailField value={email} onValue={setEmail} fault={form.faultAt('email')} />
      <NewPassword label={common.value.password} value={password} onValue={setPassword} fault={form.faultAt('password')} />
      <ZoneField value={timezone} hint={auth.value.zoneHint} onValue={setTimezone} fault={form.faultAt('timezone')} />
      <Submit isSending={form.isSending}>{common.value.register}</Submit>
    </form>
  );
}
