/** What waits, runs and has failed in the background; failed jobs are run again. */
import type { JobJson, JobPage } from '../../../../src/core/api/operations.ts';
import { isTrouble, troubleIn } from '../../../../src/core/troubles.ts';
import { ask } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { Section } from '../../components/section.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { toast } from '../../components/toasts.tsx';
import { dateTime, dayName, duration, number } from '../../format.ts';
import { locale } from '../../preferences.ts';
import { hrefOf, query } from '../../router.ts';
import { operations } from './operations-words.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';

const STATES = ['running', 'waiting', 'failed', 'dead'] as const satisfies readonly JobJson['state'][];

export function JobsPart() {
  const state = STATES.find((it) => it === query.value.get('state')) ?? null;
  const pages = usePages<JobJson, JobPage>(`admin/jobs?limit=50${state === null ? '' : `&state=${state}`}`);
  const act = async (work: () => Promise<unknown>, done: string) => {
    try {
      await work();
      toast(done);
    } catch (error) {
      toast(explain(error));
    }
    pages.reload();
  };
  const counts = pages.first?.counts;
  const all = counts === undefined ? undefined : STATES.reduce((sum, it) => sum + counts[it], 0);
  return (
    <section class="stack">
      <div class="row">
        <nav class="chips" aria-label={operations.value.jobStates}>
          <Chip href="/admin/jobs" isShown={state === null} label={operations.value.allJobs} count={all} />
          {STATES.map((it) => (
            <Chip
              key={it}
              href={`/admin/jobs?state=${it}`}
              isShown={it === state}
              label={operations.value.states[it]}
              count={counts?.[it]}
            />
          ))}
        </nav>
        <button type="button" class="button" data-size="small" onClick={pages.reload}>
          {operations.value.readAgain}
        </button>
      </div>
      <PageList pages={pages} empty={operations.value.noJobs}>
        <ul class="link-list">
          {pages.items?.map((job) => (
            <JobRow
              key={job.id}
              job={job}
              onRetry={() => void act(() => ask<JobJson>('POST', `admin/jobs/${job.id}/retry`), operations.value.retried)}
              onDelete={() => void act(() => ask<undefined>('DELETE', `admin/jobs/${job.id}`), operations.value.jobDeleted)}
            />
          ))}
        </ul>
      </PageList>
      {pages.first !== null && <Work work={pages.first.work} />}
    </section>
  );
}

type ChipProps = { href: string; isShown: boolean; label: string; count: number | undefined };

function Chip({ href, isShown, label, count }: ChipProps) {
  return (
    <a class="chip" href={hrefOf(href)} data-app aria-current={isShown ? 'page' : undefined}>
      {label} <span class="chip-count numbers">{count === undefined ? '–' : number(count)}</span>
    </a>
  );
}

function JobRow({ job, onRetry, onDelete }: { job: JobJson; onRetry: () => void; onDelete: () => void }) {
  const isOver = job.state === 'failed' || job.state === 'dead';
  const times = [
    `${operations.value.made} ${dateTime(job.createdAt)}`,
    job.state === 'waiting' || job.state === 'failed' ? `${operations.value.runsAt} ${dateTime(job.runAt)}` : null,
    job.lockedAt === null ? null : `${operations.value.runsSince} ${dateTime(job.lockedAt)}`,
    operations.value.tries(job.attempts, job.maxAttempts),
  ].filter((it) => it !== null);
  return (
    <li class="admin-link">
      <div class="link-text">
        <p class="link-name">
          <TaskName task={job.task} />
          <span class={isOver ? 'badge' : 'tag'}>{operations.value.states[job.state]}</span>
        </p>
        <p class="soft small">{times.join(' · ')}</p>
        {job.lastError !== null && <LastError text={job.lastError} />}
        {isOver && !job.canRetry && <p class="soft small">{operations.value.cannotRetry}</p>}
      </div>
      <div class="row">
        {isOver && job.canRetry && (
          <button
            type="button"
            class="button"
            data-size="small"
            aria-label={`${operations.value.retry}: ${nameOf(job.task)}`}
            onClick={onRetry}
          >
            {operations.value.retry}
          </button>
        )}
        {job.state !== 'running' && (
          <button
            type="button"
            class="button"
            data-kind="danger"
            data-size="small"
            aria-label={`${common.value.delete}: ${nameOf(job.task)}`}
            onClick={onDelete}
          >
            {common.value.delete}
          </button>
        )}
      </div>
    </li>
  );
}

/** Of the server itself in the language of the page; what others have said as they said it. */
const LastError = ({ text }: { text: string }) => (
  <p class="small">
    {isTrouble(text) ? operations.value.lastError : operations.value.foreignError}{' '}
    <span class="job-error">{troubleIn(text, locale.value)}</span>
  </p>
);

/** What a job does, in words; its own name, which logs and the API have, for those who point at it. */
const nameOf = (task: string): string => operations.value.tasks[task] ?? task;

const TaskName = ({ task }: { task: string }) => <span title={task}>{nameOf(task)}</span>;

function Work({ work }: { work: JobPage['work'] }) {
  return (
    <Section title={operations.value.work} hint={operations.value.workHint}>
      {work.length === 0 ? (
        <p class="soft">{operations.value.noWork}</p>
      ) : (
        <TableBox label={operations.value.work}>
          <table class="table">
            <thead>
              <tr>
                <th>{operations.value.day}</th>
                <th>{operations.value.what}</th>
                <th class="cell-number">{operations.value.runs}</th>
                <th class="cell-number">{operations.value.failures}</th>
                <th class="cell-number">{operations.value.average}</th>
                <th class="cell-number">{operations.value.longest}</th>
                <th>{operations.value.last}</th>
              </tr>
            </thead>
            <tbody>
              {work.map(({ day, kind, name, runs, failures, totalMs, longestMs, lastAt }) => (
                <tr key={`${day} ${kind} ${name}`} class="numbers">
                  <td>{dayName(day)}</td>
                  <td class="cell-main">
                    <TaskName task={name} />
                  </td>
                  <td class="cell-number">{number(runs)}</td>
                  <td class={failures > 0 ? 'cell-number danger' : 'cell-number'}>{number(failures)}</td>
                  <td class="cell-number">{runs === 0 ? '—' : milliseconds(totalMs / runs)}</td>
                  <td class="cell-number">{milliseconds(longestMs)}</td>
                  <td>{dateTime(lastAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
    </Section>
  );
}

const SECOND_MS = 1_000;
const milliseconds = (ms: number): string =>
  ms < SECOND_MS ? operations.value.milliseconds(number(Math.round(ms))) : duration(ms / SECOND_MS);
