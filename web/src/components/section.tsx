import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

/** A card with a heading of its own. */
export function Section({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="card stack" aria-labelledby={id}>
      <div>
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <p class="soft small">{hint}</p>}
      </div>
      {children}
    </section>
  );
}
