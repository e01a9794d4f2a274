/** E-mail address and password. Both need the current password. */

import { useState } from 'preact/hooks';
import type { Session, User } from '../../../../src/core/api/accounts.ts';
import { ask, startSession, user } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { EmailField } from '../../components/email-field.tsx';
import { Notice } from '../../components/notice.tsx';
import { PasswordField } from '../../components/password-field.tsx';
import { Section } from '../../components/section.tsx';
import { Submit } from '../../components/submit.tsx';
import { toast } from '../../components/toasts.tsx';
import { Unconfirmed } from '../../components/unconfirmed.tsx';
import { useForm } from '../../use-form.ts';
import { settings } from './words.ts';

export function AccountSection({ person }: { person: User }) {
  return (
    <Section title={settings.value.account}>
      <Unconfirmed />
      <p>{person.email}</p>
      {person.pendingEmail !== null && <Notice>{settings.value.pending(person.pendingEmail)}</Notice>}
      <details>
        <summary>{settings.value.changeEmail}</summary>
        <EmailForm />
      </details>
      <details>
        <summary>{settings.value.changePassword}</summary>
        <PasswordForm />
      </details>
    </Section>
  );
}

function EmailForm() {
  const [email, setEmail] = useState('');
  const [currentPassword, setCurrentPassword] = useState('');
  const form = useForm(['email', 'currentPassword'], async () => {
    const changed = await ask<{ user: User }>('PATCH', 'me', { body: { email, currentPassword } });
    user.value = changed.user.pendingEmail === null ? { ...changed.user, pendingEmail: email } : changed.user;
    setEmail('');
    setCurrentPassword('');
  });
  return (
    <form class="stack narrow" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <EmailField label={settings.value.email} value={email} onValue={setEmail} fault={form.faultAt('email')} />
      <CurrentPassword value={currentPassword} onValue={setCurrentPassword} fault={form.faultAt('currentPassword')} />
      <Submit isSending={form.isSending}>{common.value.save}</Submit>
    </form>
  );
}

function PasswordForm() {
  const [password, setPassword] = useState('');
  const [currentPassword, setCurrentPassword] = useState('');
  const form = useForm(['password', 'currentPassword'], async () => {
    startSession(await ask<Session>('PATCH', 'me', { body: { password, currentPassword } }));
    setPassword('');
    setCurrentPassword('');
    toast(settings.value.passwordChanged);
  });
  return (
    <form class="stack narrow" onSubmit={form.submit}>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      <CurrentPassword value={currentPassword} onValue={setCurrentPassword} fault={form.faultAt('currentPassword')} />
      <PasswordField
        label={common.value.newPassword}
        value={password}
        onValue={setPassword}
        autoComplete="new-password"
        fault={form.faultAt('password')}
      />
      <Submit isSending={form.isSending}>{common.value.save}</Submit>
    </form>
  );
}

export function CurrentPassword(props: { value: string; onValue: (value: string) => void; fault: string | null }) {
  return <PasswordField {...props} label={settings.value.currentPassword} autoComplete="current-password" />;
}
