/** Copies a text, and says so for a moment. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Icon } from './icons.tsx';

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
  const [isCopied, setCopied] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <button type="button" class="button" data-kind={kind} data-size={size} onClick={() => void copy()}>
      <Icon name={isCopied ? 'check' : 'copy'} />
      <span class="copy-label" data-brief={isBrief} data-other={isCopied ? label : common.value.copied} aria-live="polite">
        {isCopied ? common.value.copied : label}
      </span>
    </button>
  );
}

/** Without HTTPS browsers have no clipboard for pages, and it may be forbidden; the old way still works there. */
async function copyText(text: string): Promise<void> {
  const isCopied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (isCopied) return;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
