import type { ComponentChildren } from 'preact';

const ROLES = { plain: undefined, done: 'status', fault: 'alert', warning: undefined } as const;

/** What went wrong is read out at once; what is done, in its turn. */
export function Notice({ kind = 'plain', children }: { kind?: keyof typeof ROLES; children: ComponentChildren }) {
  return (
    <div class="notice" data-kind={kind} role={ROLES[kind]}>
      {children}
    </div>
  );
}
