import type { ComponentChildren } from 'preact';

/** What went wrong is read out at once. */
export function Notice({ kind = 'plain', children }: { kind?: 'plain' | 'fault' | 'warning'; children: ComponentChildren }) {
  return (
    <div class="notice" data-kind={kind} role={kind === 'fault' ? 'alert' : undefined}>
      {children}
    </div>
  );
}
