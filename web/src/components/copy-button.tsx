/** Copies a text, and says for a moment whether it could. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Icon } from './icons.tsx';
import { toast } from './toasts.tsx';

const SAID_MS = 2_000;

type CopyButtonProps = {
  text: string;
  label?: string;
  kind?: 'primary' | 'quiet';
  size?: 'small';
  /** On a telephone only its picture is shown. */
  isBrief?: boolean;
};

export function CopyButton({ text, label = common.value.copy, kind, size, isBrief = false }: CopyButtonProps) {
  const [said, setSaid] = useState<'copied' | 'notCopied' | null>(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (button: HTMLElement) => {
    const isCopied = await copyText(text, button);
    if (!isCopied) toast(common.value.copyByHand);
    setSaid(isCopied ? 'copied' : 'notCopied');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setSaid(null), SAID_MS);
  };
  return (
    <button type="button" class="button" data-kind={kind} data-size={size} onClick={({ currentTarget }) => void copy(currentTarget)}>
      <Icon name={said === 'copied' ? 'check' : said === 'notCopied' ? 'close' : 'copy'} />
      <span class="copy-label" data-brief={isBrief} data-other={said === null ? common.value.copied : label} aria-live="polite">
        {said === null ? label : common.value[said]}
      </span>
    </button>
  );
}

/**
 * Without HTTPS browsers have no clipboard for pages, and it may be forbidden; the old way still works there.
 * @param button that was pressed: under a dialog everything else is inert, so that nothing there can be selected
 */
async function copyText(text: string, button: HTMLElement): Promise<boolean> {
  const isCopied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (isCopied) return true;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  button.after(area);
  area.select();
  const isCopiedSo = document.execCommand('copy');
  area.remove();
  button.focus();
  return isCopiedSo;
}
