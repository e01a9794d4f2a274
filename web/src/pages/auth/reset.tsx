/** The page that the link of a reset mail opens. */
import { useState } from 'preact/hooks';
import { ask, endSession } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { Notice } from '../../components/notice.tsx';
import { Submit } from '../../components/submit.tsx';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { mailToken } from './mail-token.ts';
import { NewPassword } from './new-password.tsx';
import { auth } from './words.ts';

export function ResetPage() {
  const [password, setPassword] = useState('');
  const [isDone, setDone] = useState(false);
  usePageTitle(auth.value.reset);
  const reset = async () => {
    await ask('POST', 'auth/password/reset', { body: { token: mailToken(), password } });
    endSession();
    setDone(true);
  };
  const form = useForm(['password'], reset, { invalid: auth.value.resetOver });
  if (isDone) {
    return (
      <section class="stack alone">
        <h1>{auth.value.resetDone}</h1>
        <p class="soft">{auth.value.resetDoneText}</p>
        <p>
          <a class="button" data-kind="primary" href={hrefOf('/login')} data-app>
            {common.value.signIn}
          </a>
        </p>
      </section>
    );
  }
  return (
    <form class="stack alone" onSubmit={form.submit}>
      <h1>{auth.value.reset}</h1>
      <p class="soft">{auth.value.resetText}</p>
      {form.fault !== null && (
        <Notice kind="fault">
          {form.fault}{' '}
          <a href={hrefOf('/forgot')} data-app>
            {auth.value.sendReset}
          </a>
        </Notice>
      )}
      <NewPassword label={common.value.newPassword} value={password} onValue={setPassword} fault={form.faultAt('password')} />
      <Submit isSending={form.isSending}>{common.value.save}</Submit>
    </form>
  );
}
