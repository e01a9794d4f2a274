/** Accounts: search, filter, and change one or many. */

import { useState } from 'preact/hooks';
import type { AdminUser, AdminUserPage, BulkUsers, BulkUsersResult } from '../../../../src/core/api/admin.ts';
import { ask } from '../../api/client.ts';
import { explain, whatOf } from '../../api/explain.ts';
import { SearchField } from '../../components/search-field.tsx';
import { Select } from '../../components/select.tsx';
import { Sure } from '../../components/sure.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { toast } from '../../components/toasts.tsx';
import { date, number } from '../../format.ts';
import { query, setQuery } from '../../router.ts';
import { PageList } from './page-list.tsx';
import { usePages } from './use-pages.ts';
import { admin } from './words.ts';

type Plan = AdminUser['plan'];
const PLANS: readonly Plan[] = ['regular', 'extended', 'unlimited'];
const KINDS = {
  all: {},
  banned: { banned: 'true' },
  unconfirmed: { confirmed: 'false' },
  admins: { admin: 'true' },
  noReport: { dailyReport: 'false' },
} as const;
type Kind = keyof typeof KINDS;
const ORDERS = ['-createdAt', 'createdAt', 'email', '-links'] as const;
const ALL = '';

function filtersOf(search: URLSearchParams) {
  return {
    search: search.get('search') ?? '',
    plan: PLANS.find((it) => it === search.get('plan')) ?? null,
    kind: (Object.keys(KINDS) as Kind[]).find((it) => it === search.get('kind')) ?? 'all',
    sort: ORDERS.find((it) => it === search.get('sort')) ?? '-createdAt',
  };
}

export function UsersPart() {
  const { search, plan, kind, sort } = filtersOf(query.value);
  const asked = new URLSearchParams({ sort, ...KINDS[kind], ...(search === '' ? {} : { search }), ...(plan === null ? {} : { plan }) });
  const pages = usePages<AdminUserPage['data'][number]>(`admin/users?${asked}`);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const chosen = (pages.items ?? []).filter(({ id }) => selected.has(id));
  const toggle = (id: number) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  const isAll = chosen.length > 0 && chosen.length === pages.items?.length;
  return (
    <section class="stack">
      <div class="links-tools">
        <SearchField label={admin.value.search} value={search} onValue={(search) => setQuery({ search })} />
        <Select
          label={admin.value.kind}
          isLabelHidden
          value={kind}
          choices={(Object.keys(KINDS) as Kind[]).map((value) => ({ value, label: admin.value.kinds[value] }))}
          onValue={(value) => setQuery({ kind: value === 'all' ? null : value })}
        />
        <Select
          label={admin.value.plan}
          isLabelHidden
          value={plan ?? ALL}
          choices={[{ value: ALL, label: admin.value.allPlans }, ...PLANS.map((value) => ({ value, label: admin.value.plans[value] }))]}
          onValue={(value) => setQuery({ plan: value })}
        />
        <Select
          label={admin.value.order}
          isLabelHidden
          value={sort}
          choices={ORDERS.map((value) => ({ value, label: admin.value.orders[value] }))}
          onValue={(value) => setQuery({ sort: value })}
        />
      </div>
      {chosen.length > 0 && (
        <BulkBar
          users={chosen}
          onDone={() => {
            setSelected(new Set());
            pages.reload();
          }}
        />
      )}
      <PageList pages={pages} empty={admin.value.nobody}>
        <TableBox label={admin.value.parts.users}>
          <table class="table">
            <thead>
              <tr>
                <th>
                  <input
                    type="checkbox"
                    aria-label={admin.value.selectAll}
                    checked={isAll}
                    onChange={() => setSelected(new Set(isAll ? [] : pages.items?.map(({ id }) => id)))}
                  />
                </th>
                <th>{admin.value.email}</th>
                <th>{admin.value.plan}</th>
                <th>{admin.value.state}</th>
                <th class="cell-number">{admin.value.linkCount}</th>
                <th>{admin.value.registered}</th>
              </tr>
            </thead>
            <tbody>
              {pages.items?.map((user) => (
                <tr key={user.id}>
                  <td>
                    <input type="checkbox" aria-label={user.email} checked={selected.has(user.id)} onChange={() => toggle(user.id)} />
                  </td>
                  <td class="cell-main cell-long">{user.email}</td>
                  <td>{admin.value.plans[user.plan]}</td>
                  <td>
                    <UserState user={user} />
                  </td>
                  <td class="cell-number numbers">{number(user.links)}</td>
                  <td class="numbers">{date(user.createdAt)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      </PageList>
    </section>
  );
}

function UserState({ user }: { user: AdminUser }) {
  const marks = [
    user.banned ? admin.value.banned : null,
    user.isAdmin ? admin.value.administrator : null,
    user.confirmed ? null : admin.value.notConfirmed,
    user.dailyReport ? null : admin.value.noReports,
  ].filter((mark) => mark !== null);
  return <span class={user.banned ? 'danger' : ''}>{marks.length === 0 ? admin.value.confirmed : marks.join(', ')}</span>;
}

type Action = BulkUsers['action'];
const SIMPLE_ACTIONS = ['ban', 'unban', 'reportsOn', 'reportsOff'] as const satisfies readonly Action[];

function BulkBar({ users, onDone }: { users: readonly AdminUser[]; onDone: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const run = async (action: Action, plan?: Plan) => {
    try {
      const body = { ids: users.map(({ id }) => id), action, ...(plan === undefined ? {} : { plan }) };
      const { results } = await ask<BulkUsersResult>('POST', 'admin/users/bulk', { body });
      const refused = results.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
      toast(refused.length === 0 ? admin.value.done : `${admin.value.refused(refused.length)}: ${whatOf(refused[0])}`);
      onDone();
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <div class="card row links-selection">
      <span>{admin.value.selected(users.length)}</span>
      <select
        class="input bulk-plan"
        aria-label={admin.value.actions.plan}
        onChange={({ currentTarget }) => {
          const plan = PLANS.find((it) => it === currentTarget.value);
          if (plan !== undefined) void run('plan', plan);
        }}
      >
        <option value="">{admin.value.actions.plan}</option>
        {PLANS.map((plan) => (
          <option key={plan} value={plan}>
            {admin.value.plans[plan]}
          </option>
        ))}
      </select>
      {SIMPLE_ACTIONS.map((action) => (
        <button key={action} type="button" class="button" data-size="small" onClick={() => void run(action)}>
          {admin.value.actions[action]}
        </button>
      ))}
      <button type="button" class="button" data-kind="danger" data-size="small" onClick={() => setAsking(true)}>
        {admin.value.actions.delete}
      </button>
      {isAsking && (
        <Sure action={admin.value.actions.delete} onYes={() => void run('delete')} onClose={() => setAsking(false)}>
          <p>{admin.value.deleteSure(users.length)}</p>
          <ul>
            {users.map(({ id, email }) => (
              <li key={id}>{email}</li>
            ))}
          </ul>
        </Sure>
      )}
    </div>
  );
}
