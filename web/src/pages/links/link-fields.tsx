/** The inputs of a link, for a new one and for one that is edited. */
import { useState } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { PasswordField } from '../../components/password-field.tsx';
import { ownZone } from '../../format.ts';
import type { Form } from '../../use-form.ts';
import type { LinkDraft } from './link-draft.ts';
import { SlugField } from './slug-field.tsx';
import { links } from './words.ts';

export type LinkFieldsProps = {
  draft: LinkDraft;
  onDraft: (draft: LinkDraft) => void;
  form: Form;
  /** The slug of the link that is edited; null for a new one. */
  currentSlug: string | null;
  hasPassword?: boolean;
};

export function LinkFields({ draft, onDraft, form, currentSlug, hasPassword = false }: LinkFieldsProps) {
  const bind = (field: keyof LinkDraft) => ({
    value: draft[field],
    onValue: (value: string) => onDraft({ ...draft, [field]: value }),
    fault: form.faultAt(field),
  });
  const hasRules = [draft.password, draft.maxClicks, draft.validFrom, draft.expiresAt].some((it) => it !== '') || hasPassword;
  const [isOpen] = useState(hasRules); // only at first: typing must not open or close it
  return (
    <>
      <Field
        {...bind('url')}
        label={links.value.target}
        inputMode="url"
        required
        autoComplete="off"
        spellcheck={false}
        autoFocus={currentSlug === null}
      />
      <div class="link-fields-pair">
        <Field {...bind('title')} label={links.value.name} placeholder={links.value.namePlaceholder} autoComplete="off" />
        <SlugField {...bind('slug')} current={currentSlug} />
      </div>
      <Field {...bind('tags')} label={links.value.tags} hint={links.value.tagsHint} autoComplete="off" />
      <details class="link-rules" open={isOpen}>
        <summary>{links.value.rules}</summary>
        <div class="stack">
          <PasswordField
            {...bind('password')}
            label={links.value.password}
            isRequired={false}
            autoComplete="off"
            hint={hasPassword ? links.value.passwordKept : links.value.passwordHint}
          />
          <Field {...bind('maxClicks')} label={links.value.limit} hint={links.value.limitHint} type="number" inputMode="numeric" min="1" />
          <div class="link-fields-pair">
            <Field {...bind('validFrom')} label={links.value.validFrom} type="datetime-local" />
            <Field {...bind('expiresAt')} label={links.value.expiresAt} type="datetime-local" />
          </div>
          <p class="field-hint">{links.value.zoneHint(ownZone())}</p>
          <Field
            {...bind('expiredUrl')}
            label={links.value.expiredUrl}
            hint={links.value.expiredUrlHint}
            inputMode="url"
            spellcheck={false}
          />
        </div>
      </details>
    </>
  );
}
