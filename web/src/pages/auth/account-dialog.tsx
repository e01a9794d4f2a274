/** Signing in, registering and asking for a new password: dialogs over the front page, each with its own address. */

import { useState } from 'preact/hooks';
import type { Session } from '../../../../src/core/api/accounts.ts';
import { ask, startSession } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { Dialog } from '../../components/dialog.tsx';
import { EmailField } from '../../components/email-field.tsx';
import { Notice } from '../../components/notice.tsx';
import { PasswordField } from '../../components/password-field.tsx';
import { Submit } from '../../components/submit.tsx';
import { deviceZone, ZoneField } from '../../components/zone-field.tsx';
import { usePageTitle } from '../../page-title.ts';
import { chooseLocale, locale } from '../../preferences.ts';
import { hrefOf } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { NewPassword } from './new-password.tsx';
import { enter, leaveSignIn } from './sign-in-first.ts';
import { auth } from './words.ts';

export type AccountDialogName = 'login' | 'register' | 'forgot';

const FORMS = { login: LoginForm, register: RegisterForm, forgot: ForgotForm };

export function AccountDialog({ name }: { name: AccountDialogName }) {
  const Form = FORMS[name];
  usePageTitle(auth.value[name]);
  return (
    <Dialog title={auth.value[name]} onClose={leaveSignIn}>
      <Form key={name} />
    </Dialog>
  );
}

function signedIn(session: Session): void {
  startSession(session);
  chooseLocale(session.user.locale);
  enter();
}

function LoginForm() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = async () => signedIn(await ask<Session>('POST', 'auth/login', { body: { email, password } }));
  const form = useForm(['email'], signIn, { unauthenticated: auth.value.wrong });
  return (
    <form class="stack" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <EmailField value={email} onValue={setEmail} fault={form.faultAt('email')} autoFocus />
      <PasswordField label={common.value.password} value={password} onValue={setPassword} autoComplete="current-password" />
      <Submit isSending={form.isSending}>{common.value.signIn}</Submit>
      <p class="small soft">
        <a href={hrefOf('/forgot')} data-app="instead">
          {auth.value.forgotten}
        </a>
        {' · '}
        {auth.value.noAccount}{' '}
        <a href={hrefOf('/register')} data-app="instead">
          {common.value.register}
        </a>
      </p>
    </form>
  );
}

function RegisterForm() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [timezone, setTimezone] = useState(deviceZone());
  const register = async () =>
    signedIn(await ask<Session>('POST', 'auth/register', { body: { email, password, timezone, locale: locale.value } }));
  const form = useForm(['email', 'password', 'timezone'], register, { forbidden: auth.value.closed });
  return (
    <form class="stack" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <EmailField value={email} onValue={setEmail} fault={form.faultAt('email')} autoFocus />
      <NewPassword label={common.value.password} value={password} onValue={setPassword} fault={form.faultAt('password')} />
      <ZoneField value={timezone} hint={auth.value.zoneHint} onValue={setTimezone} fault={form.faultAt('timezone')} />
      <Submit isSending={form.isSending}>{common.value.register}</Submit>
      <p class="small soft">
        {auth.value.haveAccount}{' '}
        <a href={hrefOf('/login')} data-app="instead">
          {common.value.signIn}
        </a>
      </p>
    </form>
  );
}

function ForgotForm() {
  const [email, setEmail] = useState('');
  const [isSent, setSent] = useState(false);
  const form = useForm(['email'], async () => {
    await ask('POST', 'auth/password/forgot', { body: { email } });
    setSent(true);
  });
  if (isSent) return <Notice>{auth.value.resetSent}</Notice>;
  return (
    <form class="stack" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <EmailField value={email} onValue={setEmail} fault={form.faultAt('email')} autoFocus />
      <Submit isSending={form.isSending}>{auth.value.sendReset}</Submit>
      <p class="small">
        <a href={hrefOf('/login')} data-app="instead">
          {auth.value.back}
        </a>
      </p>
    </form>
  );
}
