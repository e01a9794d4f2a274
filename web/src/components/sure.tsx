/** Asks before something is done that nobody can take back. */
import type { ComponentChildren } from 'preact';
import { common } from '../common-words.ts';
import { Dialog } from './dialog.tsx';

/** `action`: what is done, in the words of the button that was pressed. */
type SureProps = { action: string; onYes: () => void; onClose: () => void; children: ComponentChildren };

export function Sure({ action, onYes, onClose, children }: SureProps) {
  return (
    <Dialog title={action} onClose={onClose}>
      <div class="stack">
        {children}
        <div class="row dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            {common.value.cancel}
          </button>
          <button
            type="button"
            class="button"
            data-kind="danger"
            onClick={() => {
              onClose();
              onYes();
            }}
          >
            {action}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
