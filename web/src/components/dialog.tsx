/** A modal dialog of the browser's own: it keeps the focus, closes by Escape, and gives the focus back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Icon } from './icons.tsx';

type DialogProps = { title: string; onClose: () => void; size?: 'normal' | 'wide'; children: ComponentChildren };

export function Dialog({ title, onClose, size = 'normal', children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const opener = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      data-size={size}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault(); // whoever shows it takes it away
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === ref.current) onClose(); // the backdrop
      }}
    >
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        <button
          type="button"
          class="button"
          data-kind="quiet"
          data-shape="icon"
          data-size="small"
          aria-label={common.value.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
