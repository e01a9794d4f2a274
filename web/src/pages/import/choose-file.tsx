/** The file, by a dialog of the browser's or dropped. */
import { useId, useState } from 'preact/hooks';
import { Icon } from '../../components/icons.tsx';
import { bytes } from '../../format.ts';
import { FILE_MAX_MEBIBYTES } from './explain-upload.ts';
import { importing } from './words.ts';

const KIBIBYTE = 1_024;

type ChooseFileProps = { isLocked: boolean; onStart: (file: File, isDryRun: boolean) => void };

export function ChooseFile({ isLocked, onStart }: ChooseFileProps) {
  const id = useId();
  const [file, setFile] = useState<File | null>(null);
  const [isDryRun, setDryRun] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [isOver, setOver] = useState(false);
  const choose = (chosen: File | undefined) => {
    if (chosen === undefined) return; // the browser's dialog was left without choosing
    const isTooLarge = chosen.size > FILE_MAX_MEBIBYTES * KIBIBYTE * KIBIBYTE;
    setFault(isTooLarge ? importing.value.tooLarge(FILE_MAX_MEBIBYTES) : null);
    setFile(isTooLarge ? null : chosen);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (file === null) setFault(importing.value.noFile);
    else onStart(file, isDryRun);
  };
  return (
    <form class="card stack" onSubmit={submit} noValidate>
      <p class="soft">{importing.value.intro}</p>
      <div class="field">
        <label
          class="import-drop"
          data-over={isOver}
          for={id}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            choose(event.dataTransfer?.files[0]);
          }}
        >
          <input
            id={id}
            class="import-input"
            type="file"
            accept=".csv,.tsv,.txt,text/csv"
            disabled={isLocked}
            aria-invalid={fault === null ? undefined : true}
            aria-describedby={fault === null ? undefined : `${id}-fault`}
            onChange={({ currentTarget }) => choose(currentTarget.files?.[0])}
          />
          <Icon name="plus" />
          <span>
            <strong>{file === null ? importing.value.choose : file.name}</strong>{' '}
            {file === null ? (
              <span class="soft import-drop-hint">{importing.value.drop}</span>
            ) : (
              <span class="soft">{bytes(file.size)}</span>
            )}
          </span>
        </label>
        {fault !== null && (
          <p class="field-fault" id={`${id}-fault`} role="alert">
            {fault}
          </p>
        )}
      </div>
      <label class="import-check">
        <input type="checkbox" checked={isDryRun} disabled={isLocked} onChange={({ currentTarget }) => setDryRun(currentTarget.checked)} />
        {importing.value.dryRun}
      </label>
      <div class="row">
        <button type="submit" class="button" data-kind="primary" disabled={isLocked}>
          {isDryRun ? importing.value.check : importing.value.start}
        </button>
      </div>
    </form>
  );
}
