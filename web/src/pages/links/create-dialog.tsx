/** A new link, or several at once when several lines are pasted; then what to do with it. */

import { useState } from 'preact/hooks';
import type { Problem } from '../../../../src/core/api/common.ts';
import type { Link } from '../../../../src/core/api/links.ts';
import { ask } from '../../api/client.ts';
import { whatOf } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { Submit } from '../../components/submit.tsx';
import { ownZone, withoutScheme } from '../../format.ts';
import { hrefOf } from '../../router.ts';
import { useForm } from '../../use-form.ts';
import { addressesOf, createBody, DRAFT_FIELDS, EMPTY_DRAFT } from './link-draft.ts';
import { LinkFields } from './link-fields.tsx';
import { QrImage } from './qr-image.tsx';
import { links } from './words.ts';

type CreateDialogProps = { onClose: () => void; onMade: (made: readonly Link[]) => void };

type BulkAnswer = { results: { status: number; link?: Link; problem?: Pick<Problem, 'code' | 'detail' | 'errors'> }[] };

/** One line each; `refused` with the reason. */
type Outcome = { made: readonly Link[]; refused: readonly { url: string; reason: string }[] };

export function CreateDialog({ onClose, onMade }: CreateDialogProps) {
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const done = (result: Outcome) => {
    setOutcome(result);
    onMade(result.made);
  };
  return (
    <Dialog title={outcome === null ? links.value.create : titleOf(outcome)} size="wide" onClose={onClose}>
      {outcome === null ? <CreateForm onDone={done} /> : <Made outcome={outcome} onAnother={() => setOutcome(null)} onClose={onClose} />}
    </Dialog>
  );
}

const titleOf = ({ made, refused }: Outcome): string =>
  made.length === 1 && refused.length === 0 ? links.value.made : links.value.madeSeveral;

function CreateForm({ onDone }: { onDone: (outcome: Outcome) => void }) {
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const [several, setSeveral] = useState<readonly string[]>([]);
  const form = useForm(DRAFT_FIELDS, async () => {
    const rest = createBody(draft, ownZone());
    if (several.length === 0) {
      onDone({ made: [await ask<Link>('POST', 'links', { body: rest })], refused: [] });
      return;
    }
    const { slug, ...common } = rest;
    const bodies = several.map((url) => ({ ...common, ...createBody({ ...EMPTY_DRAFT, url }, ownZone()) }));
    const { results } = await ask<BulkAnswer>('POST', 'links/bulk', { body: { links: bodies } });
    onDone(outcomeOf(several, results));
  });
  /** A single-line input would run pasted lines together. */
  const onPaste = (event: ClipboardEvent) => {
    const isTarget = event.target instanceof HTMLInputElement && event.target.inputMode === 'url';
    const addresses = addressesOf(event.clipboardData?.getData('text') ?? '');
    if (!isTarget || addresses.length < 2) return;
    event.preventDefault();
    setSeveral(addresses);
  };
  return (
    <form class="stack" onSubmit={form.submit} onPaste={onPaste} noValidate>
      {form.fault !== null && <Notice kind="fault">{form.fault}</Notice>}
      {several.length === 0 ? (
        <LinkFields draft={draft} onDraft={setDraft} form={form} currentSlug={null} />
      ) : (
        <div class="field">
          <label class="field-label" for="several">
            {links.value.several(several.length)}
          </label>
          <textarea
            id="several"
            class="input"
            rows={Math.min(10, several.length + 1)}
            spellcheck={false}
            value={several.join('\n')}
            onInput={({ currentTarget }) => setSeveral(addressesOf(currentTarget.value))}
          />
        </div>
      )}
      <Submit isSending={form.isSending}>{links.value.submit}</Submit>
    </form>
  );
}

function outcomeOf(urls: readonly string[], results: BulkAnswer['results']): Outcome {
  const made = results.flatMap(({ link }) => (link === undefined ? [] : [link]));
  const refused = results.flatMap(({ problem }, i) => (problem === undefined ? [] : [{ url: urls[i], reason: whatOf(problem) }]));
  return { made, refused };
}

function Made({ outcome: { made, refused }, onAnother, onClose }: { outcome: Outcome; onAnother: () => void; onClose: () => void }) {
  const [only] = made;
  return (
    <div class="stack">
      {made.length === 1 && refused.length === 0 ? (
        <OneMade link={only} />
      ) : (
        <>
          <p>
            {links.value.madeMany(made.length)}
            {refused.length > 0 && ` · ${links.value.notMade(refused.length)}`}
          </p>
          <ul class="made-list">
            {made.map(({ slug, shortUrl, url }) => (
              <li key={slug}>
                {withoutScheme(shortUrl)} <span class="soft small">← {withoutScheme(url)}</span>
              </li>
            ))}
          </ul>
          {refused.length > 0 && (
            <Notice kind="fault">
              <ul class="made-list">
                {refused.map(({ url, reason }) => (
                  <li key={url}>
                    {url}: {reason}
                  </li>
                ))}
              </ul>
            </Notice>
          )}
          {made.length > 0 && (
            <div class="row">
              <CopyButton text={made.map(({ shortUrl }) => shortUrl).join('\n')} label={links.value.copyAll} kind="primary" />
            </div>
          )}
        </>
      )}
      <div class="row dialog-actions">
        <button type="button" class="button" onClick={onAnother}>
          {links.value.another}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {common.value.close}
        </button>
      </div>
    </div>
  );
}

function OneMade({ link }: { link: Link }) {
  const canShare = 'share' in navigator;
  return (
    <div class="made-one">
      <QrImage slug={link.slug} size={144} />
      <div class="stack">
        <p class="made-short">
          <a href={link.shortUrl} target="_blank" rel="noopener">
            {withoutScheme(link.shortUrl)}
          </a>
        </p>
        <div class="row">
          <CopyButton text={link.shortUrl} kind="primary" />
          {canShare && (
            <button type="button" class="button" onClick={() => void navigator.share({ url: link.shortUrl }).catch(() => undefined)}>
              <Icon name="share" />
              {links.value.share}
            </button>
          )}
          <a class="button" href={hrefOf(`/links/${link.slug}`)} data-app="instead">
            {links.value.toLink}
          </a>
        </div>
      </div>
    </div>
  );
}
