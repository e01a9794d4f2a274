/** What has become of an import: figures, refused rows, what to do next. */
import type { LinkImportReply } from '../../../../src/core/api/imports.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { toast } from '../../components/toasts.tsx';
import { number } from '../../format.ts';
import { locale } from '../../preferences.ts';
import { hrefOf } from '../../router.ts';
import { saveFaults } from './files.ts';
import { reasonWords } from './reasons.ts';
import { importing } from './words.ts';

type ImportResultProps = { it: LinkImportReply; onAnother: () => void; onReally: (() => void) | null };

export function ImportResult({ it, onAnother, onReally }: ImportResultProps) {
  const isWanted = it.dryRun && it.state === 'done' && it.imported > 0;
  return (
    <>
      <section class="card stack">
        <h2>
          <span role="status">{headOf(it)}</span>
        </h2>
        {it.state === 'failed' && <Notice kind="fault">{failureText(it)}</Notice>}
        {it.state === 'cancelled' && !it.dryRun && it.imported > 0 && <p class="soft">{importing.value.stays}</p>}
        <dl class="import-figures">
          <div>
            <dd class="numbers">{number(it.imported)}</dd>
            <dt>{it.dryRun ? importing.value.wouldBeMade : importing.value.made}</dt>
          </div>
          <div>
            <dd class="numbers">{number(it.refused)}</dd>
            <dt>{importing.value.refused}</dt>
          </div>
        </dl>
        {it.state === 'done' && it.rows === 0 && <Notice kind="warning">{importing.value.noRows}</Notice>}
        {it.state === 'done' && it.rows > 0 && it.refused === 0 && <p class="soft">{importing.value.allGood}</p>}
        {it.ignoredColumns.length > 0 && <p class="soft">{importing.value.ignored(it.ignoredColumns.join(', '))}</p>}
        <div class="row">
          {isWanted && onReally !== null && (
            <button type="button" class="button" data-kind="primary" onClick={onReally}>
              {importing.value.reallyImport(it.imported)}
            </button>
          )}
          {!it.dryRun && (
            <a class="button" data-kind="primary" href={hrefOf('/links')} data-app>
              {common.value.myLinks}
            </a>
          )}
          <button type="button" class="button" onClick={onAnother}>
            {importing.value.another}
          </button>
        </div>
      </section>
      {it.faults.length > 0 && <Refused it={it} />}
    </>
  );
}

function headOf({ state, dryRun }: LinkImportReply): string {
  if (state === 'failed') return importing.value.failed;
  if (state === 'cancelled') return importing.value.cancelled;
  return dryRun ? importing.value.checked : importing.value.done;
}

/** The server's reason is English. */
const failureText = ({ reason }: LinkImportReply): string =>
  locale.value === 'en' && reason !== null ? reason : importing.value.failedText;

function Refused({ it: { id, faults, refused } }: { it: LinkImportReply }) {
  const save = async () => {
    try {
      await saveFaults(id, [importing.value.line, importing.value.reason], locale.value);
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <section class="card stack">
      <h2>{importing.value.refusedRows}</h2>
      <table class="import-faults">
        <thead>
          <tr>
            <th scope="col">{importing.value.line}</th>
            <th scope="col">{importing.value.reason}</th>
          </tr>
        </thead>
        <tbody>
          {faults.map(({ line, message }) => (
            <tr key={line}>
              <td class="numbers">{number(line)}</td>
              <td>{reasonWords(message, locale.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {refused > faults.length && <p class="soft">{importing.value.firstOnes(faults.length)}</p>}
      <div class="row">
        <button type="button" class="button" onClick={() => void save()}>
          <Icon name="download" />
          {importing.value.saveRefused}
        </button>
      </div>
    </section>
  );
}
