/** An import that is under way, or what has become of it. */
import { useState } from 'preact/hooks';
import type { LinkImportReply } from '../../../../src/core/api/imports.ts';
import { ask, ProblemError } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Notice } from '../../components/notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { toast } from '../../components/toasts.tsx';
import { number } from '../../format.ts';
import { ImportResult } from './import-result.tsx';
import { isOver, useImport } from './use-import.ts';
import { importing } from './words.ts';

type ImportStateProps = {
  id: number;
  onAnother: () => void;
  /** Imports what was only checked; null: the file is not at hand any more. */
  onReally: (() => void) | null;
};

export function ImportState({ id, onAnother, onReally }: ImportStateProps) {
  const { it, error, put } = useImport(id);
  const isGone = error instanceof ProblemError && error.problem.code === 'not_found';
  return (
    <>
      {error !== null && (
        <Notice kind="fault">
          {isGone ? importing.value.gone : explain(error)}{' '}
          {isGone && (
            <button type="button" class="button" data-size="small" onClick={onAnother}>
              {importing.value.another}
            </button>
          )}
        </Notice>
      )}
      {it === null ? (
        error === null && <Skeleton lines={4} />
      ) : isOver(it) ? (
        <ImportResult it={it} onAnother={onAnother} onReally={onReally} />
      ) : (
        <UnderWay it={it} onCancelled={put} />
      )}
    </>
  );
}

function UnderWay({ it, onCancelled }: { it: LinkImportReply; onCancelled: (it: LinkImportReply) => void }) {
  const [isCancelling, setCancelling] = useState(false);
  const cancel = async () => {
    setCancelling(true);
    try {
      onCancelled(await ask<LinkImportReply>('DELETE', `imports/${it.id}`));
    } catch (error) {
      toast(explain(error));
      setCancelling(false);
    }
  };
  const doing = it.state === 'running' ? (it.dryRun ? importing.value.checking : importing.value.running) : importing.value.waiting;
  return (
    <section class="card stack">
      <div>
        <h2>
          <span role="status">{doing}</span>
        </h2>
        <p class="soft">{importing.value.mayLeave}</p>
      </div>
      <progress class="import-bar" aria-label={importing.value.progress} value={it.bytesDone} max={Math.max(1, it.bytes)} />
      <p class="numbers">
        {importing.value.rows(it.rows)} · {it.dryRun ? importing.value.wouldBeMade : importing.value.made}: {number(it.imported)} ·{' '}
        {importing.value.refused}: {number(it.refused)}
      </p>
      <div class="row">
        <button type="button" class="button" aria-disabled={isCancelling} onClick={() => isCancelling || void cancel()}>
          {common.value.cancel}
        </button>
      </div>
    </section>
  );
}
