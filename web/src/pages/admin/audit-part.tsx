/** What administrators did. */
import type { AdminAct } from '../../../../src/core/api/admin.ts';
import { dateTime } from '../../format.ts';
import { operations } from './operations-words.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';
import { acts, admin } from './words.ts';

/** Of what a change was made; null: the action says it. */
function subjectOf({ action, subject: { name } }: AdminAct): string | null {
  if (action === 'setup' || action === 'settings.edit') return null;
  return action.startsWith('job.') ? (operations.value.tasks[name] ?? name) : name;
}

function changeOf(field: string, { from, to }: AdminAct['changes'][string]): string {
  return `${admin.value.fields[field] ?? field}: ${shown(from)} → ${shown(to)}`;
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? admin.value.yes : admin.value.no;
  if (typeof value !== 'string') return JSON.stringify(value);
  return Object.entries(admin.value.plans).find(([plan]) => plan === value)?.[1] ?? value;
}

export function AuditPart() {
  const pages = usePages<AdminAct>('admin/audit?limit=100');
  return (
    <section class="stack">
      <p class="soft">{admin.value.auditHint}</p>
      <PageList pages={pages} empty={admin.value.noAudit}>
        <ul class="link-list">
          {pages.items?.map((act) => (
            <li key={act.id} class="audit-row">
              <p>
                <strong>{act.admin.email}</strong> {acts.value[act.action]} <strong>{subjectOf(act)}</strong>
              </p>
              <p class="soft small">
                {[dateTime(act.at), ...Object.entries(act.changes).map(([field, change]) => changeOf(field, change))].join(' · ')}
              </p>
            </li>
          ))}
        </ul>
      </PageList>
    </section>
  );
}
