/** Signing out everywhere, and deleting the account. */
import { useState } from 'preact/hooks';
import { ask, endSession } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { toast } from '../../components/toasts.tsx';
import { navigate } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { CurrentPassword } from './account-section.tsx';
import { settings } from './words.ts';

export function DangerSection() {
  const [isAsking, setAsking] = useState(false);
  const signOut = async () => {
    try {
      await ask('POST', 'auth/logout/everywhere');
      endSession();
      navigate('/');
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <>
      <Section title={settings.value.devices} hint={settings.value.everywhereHint}>
        <button type="button" class="button settings-action" onClick={() => void signOut()}>
          {settings.value.everywhere}
        </button>
      </Section>
      <Section title={settings.value.danger} hint={settings.value.dangerHint}>
        <button type="button" class="button settings-action" data-kind="danger" onClick={() => setAsking(true)}>
          {settings.value.deleteAccount}
        </button>
      </Section>
      {isAsking && <DeleteDialog onClose={() => setAsking(false)} />}
    </>
  );
}

function DeleteDialog({ onClose }: { onClose: () => void }) {
  const [currentPassword, setCurrentPassword] = useState('');
  const form = useForm(['currentPassword'], async () => {
    await ask('DELETE', 'me', { body: { currentPassword } });
    endSession();
    navigate('/');
  });
  return (
    <Dialog title={settings.value.danger} onClose={onClose}>
      <form class="stack" onSubmit={form.submit}>
        <p>{settings.value.dangerHint}</p>
        {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
        <CurrentPassword value={currentPassword} onValue={setCurrentPassword} fault={form.faultAt('currentPassword')} />
        <div class="row dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {common.value.cancel}
          </button>
          <button type="submit" class="button" data-kind="danger" aria-disabled={form.isSending}>
            {settings.value.deleteForGood}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
