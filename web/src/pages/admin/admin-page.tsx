/** Administration: one address for each part. */
import type { VNode } from 'preact';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf } from '../../router.ts';
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

/** @param part the rest of the address; '' for the first one */
export function AdminPage({ part }: { part: string }) {
  usePageTitle(admin.value.title);
  const name = part === '' ? NAMES[0] : NAMES.find((it) => it === part);
  if (name === undefined) return <NotFoundPage />;
  return (
    <div class="admin">
      <h1>{admin.value.title}</h1>
      <nav class="tabs" aria-label={admin.value.title}>
        {NAMES.map((it) => (
          <a key={it} class="tab" href={hrefOf(`/admin/${it}`)} data-app aria-current={it === name ? 'page' : undefined}>
            {admin.value.parts[it]}
          </a>
        ))}
      </nav>
      {PARTS[name]()}
    </div>
  );
}
