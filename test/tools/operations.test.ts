/** What docs/operations.md says of settings, messages, metrics and files is what the code has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COUNTER_NAMES, COUNTERS } from '../../src/core/counters.ts';

const DOCS = ['docs/operations.md', 'docs/architecture.md', 'docs/statistics.md', 'docs/api.md', 'README.md'];
const operations = readFileSync('docs/operations.md', 'utf8');
const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
const sources = filesOf('src').filter((name) => name.endsWith('.ts'));
const code = sources.map((name) => readFileSync(name, 'utf8')).join('\n');

const all = (text: string, pattern: RegExp): string[] => [...new Set([...text.matchAll(pattern)].map(([, found]) => found))].sort();
const section = (title: string): string => operations.split(`\n## ${title}\n`)[1].split('\n## ')[0];
/** Cells of the first column. */
const firstCells = (text: string): string => all(text, /^\| (.*?) \| /gm).join('\n');

const it = suite('documents and code');

it('the operations begin with a list of their sections', () => {
  const titles = [...operations.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  const listed = [...operations.split('\n## ')[0].matchAll(/\[([^\]]+)\]\(#/g)].map(([, title]) => title);
  assert.equal(listed, titles);
});

it('every setting is documented, and every documented one is read', () => {
  const config = readFileSync('src/config.ts', 'utf8');
  const read = all(config, /settings\.(?:text|secret)\('(\w+)'/g);
  assert.ok(read.length > 30);
  assert.equal(all(section('Settings'), /^\| `([A-Z_]+)` \|/gm), read);
  const secrets = all(config, /settings\.secret\('(\w+)'/g).map((name) => `${name}_FILE`);
  assert.equal(
    all(section('Settings'), /`([A-Z_]+_FILE)`/g).filter((name) => !read.includes(name)),
    secrets.sort(),
  );
});

it('every message that is explained is logged', () => {
  const messages = all(firstCells(section('Logs')), /`([^`]+)`/g).filter((text) => text.includes(' '));
  assert.ok(messages.length > 20);
  for (const message of messages) {
    const parts = message.startsWith('ticker: ') ? [message.slice('ticker: '.length)] : message.split('…');
    for (const part of parts) assert.ok(code.includes(part.trim()), message);
  }
});

it('every reason not to be ready is explained, and given', () => {
  const reasons = all(firstCells(section('Health')), /`([^`]+)`/g).map((text) => text.replace(/^(?:front|shard) N:? /, ''));
  assert.ok(reasons.length > 8);
  for (const reason of reasons) assert.ok(code.includes(reason.replace(/:? ?…$/, '')), reason);
});

it('every metric that is named is there', () => {
  const counted = COUNTER_NAMES.map((name) => {
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return COUNTERS[name].kind === 'sum' ? `${snake}_total` : snake;
  });
  const gauges = ['backlog_bytes', 'cached_links', 'ttl_ms', 'cpu_load', 'live_sockets'];
  const there = [...counted, ...gauges];
  for (const name of all(operations, /\belnk_([a-z]\w*)/g)) assert.ok(there.includes(name) || name === 'user', `elnk_${name}`);
  for (const name of all(operations, /`…_(\w+)`/g))
    assert.ok(
      there.some((it) => `_${it}`.endsWith(`_${name}`)),
      `…_${name}`,
    );
});

it('every file and every place that documents point to is there', () => {
  const anchors = (path: string): string[] =>
    all(readFileSync(path, 'utf8'), /^#+ (.*)$/gm).map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-'),
    );
  for (const path of DOCS) {
    const text = readFileSync(path, 'utf8');
    for (const [whole, target, anchor] of text.matchAll(/\]\(((?!https?:)[^)#]*)(?:#([^)]*))?\)/g)) {
      const file = target === '' ? path : join(path, '..', target);
      assert.ok(existsSync(file), `${path}: ${whole}`);
      if (anchor !== undefined) assert.ok(anchors(file).includes(anchor), `${path}: ${whole}`);
    }
  }
  const files = [...sources, ...filesOf('web/src'), ...filesOf('test'), ...filesOf('tools')];
  for (const name of all(readFileSync('docs/architecture.md', 'utf8'), /`([\w./-]+\.ts)`/g)) {
    assert.ok(
      files.some((file) => file.endsWith(`/${name}`) || file === name),
      name,
    );
  }
});

it.run();
