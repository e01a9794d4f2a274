/** Links from a CSV file: choose it, watch it, see what was refused. The address says which import is shown, so it can be left and come back to. */
import { useEffect, useState } from 'preact/hooks';
import type { LinkImportPage, LinkImportReply } from '../../../../src/core/api/imports.ts';
import { ask, askRaw, user } from '../../api/client.ts';
import { common } from '../../common-words.ts';
import { Notice } from '../../components/notice.tsx';
import { Unconfirmed } from '../../components/unconfirmed.tsx';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf, query, setQuery } from '../../router.ts';
import { links } from '../links/words.ts';
import { ChooseFile } from './choose-file.tsx';
import { explainUpload } from './explain-upload.ts';
import { FileShape } from './file-shape.tsx';
import { ImportState } from './import-state.tsx';
import { isOver } from './use-import.ts';
import { importing } from './words.ts';
import './import.css';

/** Of the largest file, over a slow line. */
const UPLOAD_TIMEOUT_MS = 600_000;

const show = (id: number | null) => setQuery({ id: id === null ? null : String(id) });

export function ImportPage() {
  usePageTitle(importing.value.title);
  const id = Number(query.value.get('id'));
  const [file, setFile] = useState<File | null>(null);
  const [upload, setUpload] = useState<AbortController | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    if (id === 0) void showOpenOne();
  }, []);
  const start = async (chosen: File, isDryRun: boolean) => {
    const abort = new AbortController();
    setFile(chosen);
    setUpload(abort);
    setError(null);
    try {
      show((await send(chosen, isDryRun, abort.signal)).id);
    } catch (cause) {
      if (!abort.signal.aborted) setError(cause);
      show(null);
    } finally {
      setUpload(null);
    }
  };
  return (
    <div class="import">
      <a class="back" href={hrefOf('/links')} data-app>
        ← {links.value.back}
      </a>
      <h1>{importing.value.title}</h1>
      <Unconfirmed />
      {upload !== null ? (
        <Uploading onCancel={() => upload.abort()} />
      ) : id > 0 ? (
        <ImportState key={id} id={id} onAnother={() => show(null)} onReally={file === null ? null : () => void start(file, false)} />
      ) : (
        <>
          {error !== null && <Notice kind="fault">{explainUpload(error)}</Notice>}
          <ChooseFile isLocked={user.value?.confirmed !== true} onStart={(chosen, isDryRun) => void start(chosen, isDryRun)} />
          <FileShape />
        </>
      )}
    </div>
  );
}

async function send(file: File, isDryRun: boolean, signal: AbortSignal): Promise<LinkImportReply> {
  const headers = { 'Content-Type': 'text/csv' }; // what the browser takes it for depends on what else is installed
  const options = { body: file, headers, signal, timeoutMs: UPLOAD_TIMEOUT_MS };
  const response = await askRaw('POST', `links/import?dryRun=${isDryRun}`, options);
  return (await response.json()) as LinkImportReply;
}

/** One that goes on since the page was left. What cannot be asked now is told when a file is sent. */
async function showOpenOne(): Promise<void> {
  const page = await ask<LinkImportPage>('GET', 'imports?limit=1').catch(() => null);
  const [last] = page?.data ?? [];
  if (last !== undefined && last.state !== 'uploading' && !isOver(last)) show(last.id);
}

function Uploading({ onCancel }: { onCancel: () => void }) {
  return (
    <section class="card stack">
      <p role="status">{importing.value.uploading}</p>
      <progress class="import-bar" aria-label={importing.value.uploading} />
      <div class="row">
        <button type="button" class="button" onClick={onCancel}>
          {common.value.cancel}
        </button>
      </div>
    </section>
  );
}
