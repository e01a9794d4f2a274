import type { ComponentChildren } from 'preact';

/** A table that is moved sideways, by keys as well, where it is wider than the page. */
export function TableBox({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what is moved by keys has to get the focus (WCAG 2.1.1)
    <section class="table-box" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
