/** Administration: one address for each part. */
import type { VNode } from 'preact';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf, path } from '../../router.ts';
import { NotFoundPage } from '../not-found.tsx';
import { AuditPart } from './audit-part.tsx';
import { CountersPart } from './counters-part.tsx';
import { HostsPart } from './hosts-part.tsx';
import { JobsPart } from './jobs-part.tsx';
import { LinksPart } from './links-part.tsx';
import { NodesPart } from './nodes-part.tsx';
import { RegistrationPart } from './registration-part.tsx';
import { TrafficPart } from './traffic-part.tsx';
import { UsersPart } from './users-part.tsx';
import { admin } from './words.ts';
import '../links/links.css';
import './admin.css';
import './operations.css';

const PARTS = {
  users: () => <UsersPart />,
  links: () => <LinksPart />,
  hosts: () => <HostsPart />,
  settings: () => <RegistrationPart />,
  counters: () => <CountersPart />,
  traffic: () => <TrafficPart />,
  jobs: () => <JobsPart />,
  nodes: () => <NodesPart />,
  audit: () => <AuditPart />,
} as const satisfies Record<string, () => VNode>;
type PartName = keyof typeof PARTS;

const NAMES = Object.keys(PARTS) as PartName[];

/** Tabs are one row, which is moved sideways where the page is narrow. */
function showTab(tab: HTMLElement | null): void {
  const tabs = tab?.parentElement ?? null;
  if (tab !== null && tabs !== null) tabs.scrollLeft = tab.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
}

export function AdminPage() {
  usePageTitle(admin.value.title);
  const [, , part = ''] = path.value.split('/');
  const name = part === '' ? NAMES[0] : NAMES.find((it) => it === part);
  if (name === undefined) return <NotFoundPage />;
  return (
    <div class="admin">
      <h1>{admin.value.title}</h1>
      <nav class="tabs" aria-label={admin.value.title}>
        {NAMES.map((it) => (
          <a
            key={it}
            ref={it === name ? showTab : null}
            class="tab"
            href={hrefOf(`/admin/${it}`)}
            data-app
            aria-current={it === name ? 'page' : undefined}
          >
            {admin.value.parts[it]}
          </a>
        ))}
      </nav>
      {PARTS[name]()}
    </div>
  );
}
