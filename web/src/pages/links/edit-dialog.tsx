/** Changes a link. What somebody else has changed in the meantime is not overwritten: the server is told which version was looked at. */

import { useState } from 'preact/hooks';
import type { Link } from '../../../../src/core/api/links.ts';
import { ask } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Notice } from '../../components/notice.tsx';
import { Submit } from '../../components/submit.tsx';
import { toast } from '../../components/toasts.tsx';
import { ownZone } from '../../format.ts';
import { useForm } from '../../use-form.ts';
import { nameOf } from './filters.ts';
import { DRAFT_FIELDS, draftOf, editBody } from './link-draft.ts';
import { LinkFields } from './link-fields.tsx';
import { links } from './words.ts';

type EditDialogProps = { link: Link; onClose: () => void; onEdited: (link: Link) => void };

export function EditDialog({ link, onClose, onEdited }: EditDialogProps) {
  const [draft, setDraft] = useState(() => draftOf(link, ownZone()));
  const [removePassword, setRemovePassword] = useState(false);
  const form = useForm(DRAFT_FIELDS, async () => {
    const body = editBody(link, draft, removePassword, ownZone());
    if (Object.keys(body).length === 0) {
      onClose();
      return;
    }
    const headers = { 'If-Match': `"${link.version}"` };
    onEdited(await ask<Link>('PATCH', `links/${encodeURIComponent(link.slug)}`, { body, headers }));
    toast(links.value.saved);
  });
  return (
    <Dialog title={nameOf(link)} size="wide" onClose={onClose}>
      <form class="stack" onSubmit={form.submit} noValidate>
        {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
        <LinkFields draft={draft} onDraft={setDraft} form={form} currentSlug={link.slug} hasPassword={link.hasPassword} />
        {link.hasPassword && (
          <label class="check">
            <input type="checkbox" checked={removePassword} onChange={({ currentTarget }) => setRemovePassword(currentTarget.checked)} />
            {links.value.removePassword}
          </label>
        )}
        <div class="row dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {common.value.cancel}
          </button>
          <Submit isSending={form.isSending}>{common.value.save}</Submit>
        </div>
      </form>
    </Dialog>
  );
}
