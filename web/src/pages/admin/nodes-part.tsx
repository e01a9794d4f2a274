/** The nodes on this database, and how they are. */
import type { Nodes } from '../../../../src/core/api/operations.ts';
import { troubleIn } from '../../../../src/core/troubles.ts';
import { ask } from '../../api/client.ts';
import { Loaded } from '../../components/loaded.tsx';
import { Notice } from '../../components/notice.tsx';
import { TableBox } from '../../components/table-box.tsx';
import { bytes, dateTime, duration, number, percent } from '../../format.ts';
import { locale } from '../../preferences.ts';
import { usePolled } from '../../use-polled.ts';
import { operations } from './operations-words.ts';

const READ_EVERY_MS = 5_000;

type Node = Nodes['data'][number];

export function NodesPart() {
  const nodes = usePolled((signal) => ask<Nodes>('GET', 'admin/nodes', { signal }), [], READ_EVERY_MS);
  return (
    <section class="stack">
      <p class="soft small">{operations.value.nodesHint}</p>
      <Loaded resource={nodes}>
        {({ data }) =>
          data.length === 0 ? (
            <p class="card soft">{operations.value.noNodes}</p>
          ) : (
            <ul class="nodes">
              {data.map((node) => (
                <NodeCard key={node.node} node={node} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

function NodeCard({ node }: { node: Node }) {
  const facts: readonly (readonly [string, string])[] = [
    [operations.value.version, node.version],
    [operations.value.started, dateTime(node.startedAt)],
    [operations.value.uptime, duration(Math.floor(node.uptimeSec))],
    [operations.value.lifetime, duration(node.ttlMs / 1_000)],
    [operations.value.threads, operations.value.threadCounts(node.fronts, node.shards)],
    [operations.value.backlog, operations.value.backlogSize(node.backlogClicks, bytes(node.backlogBytes))],
    [operations.value.disk, node.diskUsed === null ? '—' : percent(node.diskUsed)],
  ];
  return (
    <li class="card stack">
      <h2 class="link-name">
        {node.node}
        <span class={node.health === 'running' ? 'tag' : 'badge'}>{operations.value.health[node.health]}</span>
      </h2>
      {node.health !== 'running' && (
        <p class="soft small">
          {operations.value.seen} {dateTime(node.seenAt)}
        </p>
      )}
      {node.health === 'running' && node.degraded.length > 0 && (
        <Notice kind="warning">
          <p>{operations.value.degraded}</p>
          <ul>
            {node.degraded.map((reason) => (
              <li key={reason}>{troubleIn(reason, locale.value)}</li>
            ))}
          </ul>
        </Notice>
      )}
      <dl class="node-facts numbers">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt class="soft small">{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt class="soft small">{operations.value.lost}</dt>
          <dd class={node.clicksLost > 0 ? 'danger' : ''}>{number(node.clicksLost)}</dd>
        </div>
      </dl>
      <Positions logs={node.logs} />
    </li>
  );
}

function Positions({ logs }: { logs: Node['logs'] }) {
  if (logs.length === 0) return null;
  return (
    <details>
      <summary>{operations.value.positions}</summary>
      <TableBox label={operations.value.positions}>
        <table class="table numbers">
          <thead>
            <tr>
              <th>{operations.value.log}</th>
              <th class="cell-number">{operations.value.written}</th>
              <th class="cell-number">{operations.value.stored}</th>
              <th class="cell-number">{operations.value.behind}</th>
            </tr>
          </thead>
          <tbody>
            {logs.map(({ name, written, stored }) => (
              <tr key={name}>
                <td class="cell-main">{name}</td>
                <td class="cell-number">{number(written)}</td>
                <td class="cell-number">{number(stored)}</td>
                <td class="cell-number">{bytes(Math.max(0, written - stored))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </details>
  );
}
