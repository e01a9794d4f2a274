import type { ComponentChildren } from 'preact';

/** It stays focusable while the form is being sent, so that the focus is not lost. */
export function Submit({ isSending, children }: { isSending: boolean; children: ComponentChildren }) {
  return (
    <button type="submit" class="button" data-kind="primary" aria-disabled={isSending} aria-busy={isSending}>
      {children}
    </button>
  );
}
