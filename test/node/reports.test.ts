/** Daily reports of a whole node: the PDF of the API against its own numbers, the mail, its PDF, and the way out. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Stats } from '../../src/core/api/stats.ts';
import { lastDay } from '../../src/core/daily-report.ts';
import { dayToISO } from '../../src/core/zone.ts';
import { createPool } from '../../src/storage/postgres/pool.ts';
import { startCommand } from '../support/command.ts';
import { silentLogger } from '../support/logger.ts';
import { startMailServer } from '../support/mail-server.ts';
import { linesOf, readPdf } from '../support/pdf-text.ts';
import { testDatabase } from '../support/postgres.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeSettings, startTestNode } from '../support/test-node.ts';
import { apiClient, makeOwner } from '../support/test-owner.ts';
import { until } from '../support/until.ts';

const ZONE = zoneWhereItIs(2);

const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';
const PC = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const database = await testDatabase();
const { value: pool, stop: closePool } = await createPool({ url: database.value.url, name: 'test', max: 2, logger: silentLogger });
const server = await startMailServer();
const settings = {
  ...shapeSettings({ fronts: 2, shards: 2 }),
  DATABASE_URL: database.value.url,
  SMTP_URL: server.value.url,
};
const dataDir = temporaryFolder();
const node = await startTestNode({ dataDir, settings });
const owner = await makeOwner(pool, { links: 5, timeZone: ZONE });
const api = apiClient(node.url(), owner);
const { rows } = await pool.query<{ email: string }>('UPDATE users SET locale = $2 WHERE id = $1 RETURNING email', [owner.userId, 'ru']);
const { email } = rows[0];

const today = () => lastDay(ZONE, Date.now()).day + 1;
/** Makes today of everything yesterday, for links, documents and visitors alike. */
async function makeOld(): Promise<void> {
  await pool.query(`UPDATE links SET created_at = created_at - interval '3 days'`);
}

/** A zone where the clock shows so many hours: reports of the day before are begun only within some hours after midnight, and this test runs at any time. */
function zoneWhereItIs(hour: number): string {
  const ahead = ((hour - new Date().getUTCHours() + 36) % 24) - 12;
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`; // POSIX counts westwards
}

const it = suite('daily reports of a node');

it.after(async () => {
  await node.stop();
  await closePool();
  await server.stop();
  await database.stop();
});

it('show as a PDF, to the last click, what the API says of the same day', async () => {
  await makeOld();
  for (const [i, { slug }] of owner.links.slice(0, 4).entries()) {
    for (let n = 0; n < 3 * i + 2; n++) {
      const agent = n % 3 === 0 ? PC : PHONE;
      const response = await fetch(`${node.url()}/${slug}`, { redirect: 'manual', headers: { 'user-agent': agent, connection: 'close' } });
      assert.is(response.status, 302);
    }
  }
  const response = await api.get(`/reports/daily.pdf?day=${dayToISO(today())}`);
  assert.equal([response.status, response.headers.get('content-type')], [200, 'application/pdf']);
  const { title, texts } = await readPdf(new Uint8Array(await response.arrayBuffer()));
  assert.ok(title?.startsWith('Отчёт за день: '));
  const lines = linesOf(texts);
  const all = await api.ownerStats();
  assert.is(all.clicks, 2 + 5 + 8 + 11);
  assert.ok(
    lines.some((line) => line.startsWith(`${all.clicks}\t${all.repeatClicks}\t4\t`)),
    lines.join('\n'),
  );
  for (const { slug } of owner.links.slice(0, 4)) {
    const { clicks, repeatClicks, devices, hours }: Stats = await api.stats(slug);
    const of = (key: string) => devices.find((it) => it.key === key)?.clicks ?? 0;
    const other = clicks - of('pc') - of('phone');
    const numbers = [clicks, repeatClicks, of('pc'), of('phone'), other, ...hours.filter((n) => n > 0)].join('\t');
    assert.ok(
      lines.some((line) => line.includes(`/${slug}\t${numbers}`)),
      `${slug} ${numbers}\n${lines.join('\n')}`,
    );
  }
  assert.ok(lines.includes('Без кликов за этот день: 1 ссылка.'));
});

it('refuse days that are none, to come, or too long ago', async () => {
  for (const day of ['2026-02-30', 'yesterday', dayToISO(today() + 2), '2020-01-01']) {
    assert.is((await api.get(`/reports/daily.pdf?day=${day}`)).status, 422, day);
  }
});

it('are sent after midnight, once, with the PDF, and end with one click', async () => {
  const mail = await until('the report of yesterday', () => server.value.received.find(({ to }) => to.includes(email)), 60_000);
  const { attachments, headers, subject, text: words = '' } = mail.mail;
  assert.equal(
    [attachments.length, attachments[0].contentType, attachments[0].filename],
    [1, 'application/pdf', `elnk-${dayToISO(today() - 1)}.pdf`],
  );
  assert.ok((await readPdf(attachments[0].content)).title?.startsWith('Отчёт за день: '));
  assert.match(subject ?? '', 'кликов');
  assert.match(words, 'Клики: 0');
  const list = headers.get('list') as { unsubscribe: { url: string }; 'unsubscribe-post': { name: string } };
  assert.is(list['unsubscribe-post'].name, 'List-Unsubscribe=One-Click');
  const { url } = list.unsubscribe;
  assert.ok(words.includes(url));
  const ask = (address: string, method: string) =>
    fetch(address, {
      method,
      headers: { 'accept-language': 'ru', connection: 'close' },
      ...(method === 'POST' ? { body: 'List-Unsubscribe=One-Click' } : {}),
    });
  const isOn = async () => (await pool.query('SELECT daily_report AS "on" FROM users WHERE id = $1', [owner.userId])).rows[0].on;
  const page = await ask(url, 'GET');
  assert.is(page.status, 200);
  assert.match(await page.text(), 'Больше не присылать отчёты?');
  assert.is(await isOn(), true);
  assert.is((await ask(`${url.slice(0, -3)}AAA`, 'POST')).status, 404);
  assert.is(await isOn(), true);
  assert.is((await ask(url, 'POST')).status, 200);
  assert.is(await isOn(), false);
  assert.is(server.value.received.length, 1);
});

it('are sent by the command line, and written to a file', async () => {
  const run = async (...args: string[]) => {
    const command = startCommand(['report', 'send', email, '--day', dayToISO(today()), ...args], { ...settings, DATA_DIR: dataDir });
    const { code, stdout, stderr } = await command.outcome;
    assert.equal([code, stderr], [0, '']);
    return JSON.parse(stdout);
  };
  const before = server.value.received.length;
  assert.is((await run()).sent, true);
  assert.is(server.value.received.length, before + 1);
  const file = join(temporaryFolder(), 'report.pdf');
  await until('stored clicks', async () => (await node.status()).backlogBytes === 0);
  assert.is((await run('--out', file)).file, file);
  const { texts } = await readPdf(readFileSync(file));
  assert.ok(linesOf(texts).some((line) => line.startsWith('26\t')));
});

it('are refused by the command line, sent or written, of days without one, and sent to nobody who has not confirmed the address', async () => {
  const complaintOf = async (...args: string[]) => {
    const { code, stdout, stderr } = await startCommand(['report', 'send', ...args], { ...settings, DATA_DIR: dataDir }).outcome;
    assert.equal([code, stdout, stderr.split('\n').length], [1, '', 2], stderr);
    return stderr;
  };
  const file = join(temporaryFolder(), 'report.pdf');
  const before = server.value.received.length;
  assert.match(await complaintOf(email, '--day', dayToISO(today() + 2)), 'is still to come');
  assert.match(await complaintOf(email, '--day', '0000-01-01', '--out', file), 'so long ago that its hours are not known any more');
  await pool.query('UPDATE users SET confirmed_at = NULL WHERE id = $1', [owner.userId]);
  assert.match(await complaintOf(email), 'is not confirmed');
  assert.equal([server.value.received.length, existsSync(file)], [before, false]);
});

it.run();
