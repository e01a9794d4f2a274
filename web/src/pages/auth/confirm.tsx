/** The page that the link of a confirmation mail opens. */
import { useEffect, useState } from 'preact/hooks';
import { ask, ProblemError, user } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Notice } from '../../components/notice.tsx';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf } from '../../router.ts';
import { mailToken } from './mail-token.ts';
import { auth } from './words.ts';

type State = { kind: 'asking' } | { kind: 'done' } | { kind: 'refused' } | { kind: 'failed'; error: unknown };

export function ConfirmPage() {
  const [state, setState] = useState<State>({ kind: 'asking' });
  const confirm = async () => {
    setState({ kind: 'asking' });
    try {
      await ask('POST', 'auth/confirm', { body: { token: mailToken() } });
      if (user.value) user.value = { ...user.value, confirmed: true };
      setState({ kind: 'done' });
    } catch (error) {
      const isRefused = error instanceof ProblemError && error.problem.code === 'invalid';
      setState(isRefused ? { kind: 'refused' } : { kind: 'failed', error });
    }
  };
  useEffect(() => void confirm(), []);
  usePageTitle(auth.value.confirmed);
  if (state.kind === 'asking') return <p class="soft alone">{auth.value.confirming}</p>;
  if (state.kind === 'failed') {
    return (
      <div class="stack alone">
        <Notice kind="fault">{explain(state.error)}</Notice>
        <button type="button" class="button" onClick={() => void confirm()}>
          {common.value.retry}
        </button>
      </div>
    );
  }
  const isDone = state.kind === 'done';
  return (
    <section class="stack alone">
      <h1>{isDone ? auth.value.confirmed : auth.value.notConfirmed}</h1>
      <p class="soft">{isDone ? auth.value.confirmedText : auth.value.notConfirmedText}</p>
      <p>
        <a class="button" data-kind="primary" href={hrefOf(user.value ? '/links' : '/login')} data-app>
          {user.value ? auth.value.toLinks : common.value.signIn}
        </a>
      </p>
    </section>
  );
}
