/** What went wrong, and a button to try again. */
import { explain } from '../api/explain.ts';
import { common } from '../common-words.ts';
import { Notice } from './notice.tsx';

export function Fault({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <Notice kind="fault">
      {explain(error)}{' '}
      <button type="button" class="button" data-size="small" onClick={onRetry}>
        {common.value.retry}
      </button>
    </Notice>
  );
}
