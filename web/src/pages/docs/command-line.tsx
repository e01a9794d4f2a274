/** A line for a terminal, to be copied. Tokens are long: the one of the page is shown short, and copied whole. */
import { CopyButton } from '../../components/copy-button.tsx';
import { key } from './key.ts';

const SHOWN_KEY_MAX = 60;
const SHOWN_OF_LONGER = 12;

export function CommandLine({ text }: { text: string }) {
  const shown = key.value.length <= SHOWN_KEY_MAX ? text : text.replaceAll(key.value, `${key.value.slice(0, SHOWN_OF_LONGER)}…`);
  return (
    <div class="docs-line">
      <code>{shown}</code>
      <CopyButton text={text} size="small" />
    </div>
  );
}
