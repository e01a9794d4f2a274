/** What is in deploy/ fits the code: settings, files, metrics; and nginx takes its part. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { COUNTER_NAMES, COUNTERS } from '../../src/core/counters.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Service = {
  environment?: Record<string, string>;
  networks: string[] | Record<string, { ipv4_address?: string }>;
  command?: string[];
  extra_hosts?: string[];
};
type Compose = { services: Record<string, Service> };
type Manifest = { version: string; dependencies: Record<string, string> };

const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');
const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as Compose;
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const operations = readFileSync('docs/operations.md', 'utf8');

const all = (text: string, pattern: RegExp): string[] => [...new Set([...text.matchAll(pattern)].map(([, found]) => found))];
/** The table of settings is held to the code by operations.test.ts. */
const settings = all(operations, /^\| `([A-Z_]+)` \|/gm);
const assertSettings = (names: string[]) => {
  assert.ok(names.length > 0);
  for (const name of names) assert.ok(settings.includes(name.replace(/_FILE$/, '')), name);
};
const nodes = Object.entries(compose.services).filter(([name]) => name.startsWith('elnk-'));
const addressOf = (name: string): string | undefined => {
  const { networks } = compose.services[name];
  return Array.isArray(networks) ? undefined : networks.front.ipv4_address;
};

const it = suite('deploy');

it('the image is made of files that are there and not ignored', () => {
  const ignore = readFileSync('.dockerignore', 'utf8').split('\n');
  assert.ok(ignore.includes('*'));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => names.split(' '));
  assert.ok(copied.length > 8);
  for (const name of copied) {
    assert.ok(existsSync(name), name);
    assert.ok(ignore.includes(`!${name}`), name);
  }
  const kept = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  assert.equal([...new Set(copied)].sort(), kept.sort());
});

it('the image has the Node.js and the version that package.json names', () => {
  assert.match(dockerfile, `FROM node:${manifest.dependencies.node}-bookworm-slim AS base`);
  assert.match(dockerfile, `base.name="docker.io/library/node:${manifest.dependencies.node}-bookworm-slim"`);
  assert.match(dockerfile, `image.version="${manifest.version}"`);
  assert.match(readFileSync('deploy/compose.yaml', 'utf8'), `image: elnk:${manifest.version}\n`);
});

it('everything that is set is a setting', () => {
  const [, environmentOfImage] = /^ENV PATH=\S+((?:.*\\\n)+.*)$/m.exec(dockerfile) ?? [];
  assertSettings(all(environmentOfImage, /(\w+)=/g));
  assertSettings(all(readFileSync('deploy/elnk.service', 'utf8'), /^Environment=(\w+)=/gm));
  for (const [, { environment }] of nodes) assertSettings(Object.keys(environment ?? {}));
});

it('compose asks for nothing that its example does not name, and the example keeps no secret', () => {
  const example = readFileSync('deploy/.env.example', 'utf8');
  const asked = all(readFileSync('deploy/compose.yaml', 'utf8'), /\$\{(\w+)/g);
  assert.equal(all(example, /^(\w+)=/gm).sort(), asked.sort());
  assert.not.match(example, /^\w+=.+$/m);
});

it('nodes trust nginx alone, and nginx knows them', () => {
  assert.is(nodes.length, 2);
  assert.equal(
    compose.services.nginx.extra_hosts,
    nodes.map(([name]) => `${name}:${addressOf(name)}`),
  );
  for (const [name, { environment }] of nodes) {
    assert.is(environment?.TRUSTED_PROXIES, addressOf('nginx'));
    assert.match(readFileSync('deploy/nginx.conf', 'utf8'), `server ${name}:8080;`);
  }
  assert.ok(compose.services['redis-guests'].command?.join(' ').includes('--maxmemory 200mb --maxmemory-policy allkeys-lru'));
});

it('every metric of the dashboard and of the alerts is there', () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counted = COUNTER_NAMES.map((name) => {
    const snake = `elnk_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    return COUNTERS[name].kind === 'sum' ? `${snake}_total` : snake;
  });
  const gauges = ['backlog_bytes', 'cached_links', 'ttl_ms', 'cpu_load', 'live_sockets'].map((name) => `elnk_${name}`);
  const there = [...counted, ...gauges, ...registry.getMetricsAsArray().map(({ name }) => name)];
  const alerts = readFileSync('deploy/alerts.yaml', 'utf8');
  for (const text of [readFileSync('deploy/grafana.json', 'utf8'), alerts]) {
    const named = all(text, /\b((?:elnk|process|nodejs)_\w+)/g);
    assert.ok(named.length > 10);
    for (const name of named) assert.ok(there.includes(name), name);
  }
  const rules = (parse(alerts) as { groups: { rules: { expr: string }[] }[] }).groups.flatMap((group) => group.rules);
  const table = operations.split('\n| alert on | because |')[1].split('\n\n')[0];
  for (const name of all(table, /\b(elnk_\w+)/g))
    assert.ok(
      rules.some(({ expr }) => expr.includes(name)),
      name,
    );
});

it('nginx takes its configuration', () => {
  const folder = temporaryFolder();
  const { key, cert } = selfSigned();
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'privkey.pem'), key);
  writeFileSync(join(folder, 'fullchain.pem'), cert);
  const site = readFileSync('deploy/nginx.conf', 'utf8')
    .replaceAll(/elnk-\d:8080/g, '127.0.0.1:8080')
    .replaceAll(/listen (\d+)/g, `listen unix:${folder}/$1`)
    .replaceAll('/etc/ssl/elnk/', `${folder}/`);
  writeFileSync(join(folder, 'nginx.conf'), `pid ${folder}/pid;\nevents {}\nhttp {\naccess_log off;\n${site}}\n`);
  const { error, status, stderr } = spawnSync(
    'nginx',
    ['-t', '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    {
      encoding: 'utf8',
    },
  );
  if (error !== undefined) {
    process.stdout.write(`deploy/nginx.conf is not tried: ${error.message}\n`);
    return;
  }
  assert.is(status, 0, stderr);
});

it.run();
