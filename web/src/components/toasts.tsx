/** Short messages at the foot of the page, some with something to do, such as taking back. */
import { signal } from '@preact/signals';

const SHOWN_MS = 6_000;

type Toast = { id: number; text: string; action?: { label: string; run: () => void } | undefined };

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

/** @returns takes it away before its time */
export function toast(text: string, action?: Toast['action'], shownMs = SHOWN_MS): () => void {
  const id = ++lastId;
  const remove = () => {
    toasts.value = toasts.value.filter((it) => it.id !== id);
  };
  toasts.value = [...toasts.value, { id, text, action }];
  setTimeout(remove, shownMs);
  return remove;
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, action }) => (
        <div class="toast" key={id}>
          <span>{text}</span>
          {action !== undefined && (
            <button
              type="button"
              class="button"
              data-size="small"
              onClick={() => {
                toasts.value = toasts.value.filter((it) => it.id !== id);
                action.run();
              }}
            >
              {action.label}
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
