/** What administrators did. */
import type { AdminAct } from '../../../../src/core/api/admin.ts';
import { dateTime } from '../../format.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';
import { acts, admin } from './words.ts';

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export function AuditPart() {
  const pages = usePages<AdminAct>('admin/audit?limit=100');
  return (
    <section class="stack">
      <p class="soft">{admin.value.auditHint}</p>
      <PageList pages={pages} empty={admin.value.noAudit}>
        <ul class="link-list">
          {pages.items?.map(({ id, at, admin: person, action, subject, changes }) => (
            <li key={id} class="audit-row">
              <p>
                <strong>{person.email}</strong> {acts.value[action]} {action !== 'setup' && <strong>{subject.name}</strong>}
              </p>
              <p class="soft small">
                {dateTime(at)}
                {Object.entries(changes).map(([field, { from, to }]) => ` · ${field}: ${shown(from)} → ${shown(to)}`)}
              </p>
            </li>
          ))}
        </ul>
      </PageList>
    </section>
  );
}
