/** Why no links can be made yet, and the way out. */
import { useState } from 'preact/hooks';
import { ask, user } from '../api/client.ts';
import { explain } from '../api/explain.ts';
import { settings } from '../pages/settings/words.ts';
import { Notice } from './notice.tsx';
import { toast } from './toasts.tsx';

export function Unconfirmed() {
  const [isSending, setSending] = useState(false);
  if (user.value == null || user.value.confirmed) return null;
  const resend = async () => {
    setSending(true);
    try {
      await ask('POST', 'auth/confirm/resend');
      toast(settings.value.resent);
    } catch (error) {
      toast(explain(error));
    } finally {
      setSending(false);
    }
  };
  return (
    <Notice kind="warning">
      <div class="row unconfirmed">
        <p>{settings.value.unconfirmed}</p>
        <button type="button" class="button" data-size="small" disabled={isSending} onClick={() => void resend()}>
          {settings.value.resend}
        </button>
      </div>
    </Notice>
  );
}
