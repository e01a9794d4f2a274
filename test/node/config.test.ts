import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Config, localOrigin, readConfig, readEnvironment } from '../../src/config.ts';
import type { ConfigFault } from '../../src/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KEY = '0123456789abcdefghijklmnopqrstuv';
const files: Record<string, string> = {
  '/secret': `${KEY}\n`,
  '/empty': '\n',
  '/db': 'postgres://u:p@h/d',
  '/smtp': 'smtps://u:hush@h\n',
  '/redis': 'rediss://:hush@h/1\n',
};

function read(env: Record<string, string>, cores = 4): Config | ConfigFault[] {
  return readConfig(env, {
    cores,
    readFile: (path) => {
      if (path === '/forbidden') throw new Error('EACCES');
      return files[path] ?? null;
    },
    hasFile: (path) => path === '/own.mmdb',
  });
}

function good(env: Record<string, string>, cores?: number): Config {
  const config = read(env, cores);
  if (Array.isArray(config)) throw new Error(JSON.stringify(config));
  return config;
}

function faults(env: Record<string, string>): ConfigFault[] {
  const config = read(env);
  if (!Array.isArray(config)) throw new Error(`no fault in ${JSON.stringify(env)}`);
  return config;
}

const it = suite('config');

it('has a default for everything', () => {
  assert.equal(good({}), {
    host: '127.0.0.1',
    port: 8080,
    baseUrl: null,
    dataDir: resolve('data'),
    databaseUrl: null,
    redisUrl: null,
    redisGuestUrl: null,
    guestCacheBytes: 209_715_200,
    quickLinkShops: ['ozon', 'wildberries', 'aliexpress'],
    frontThreads: 3,
    shardThreads: 1,
    secretKey: null,
    previousSecretKeys: [],
    trustedProxies: [],
    clickLogFsync: 'everysec',
    clickLogMaxBytes: 8_589_934_592,
    flushRows: 1_000,
    flushMs: 250,
    linkCacheEntries: 200_000,
    quotas: { regular: 75, extended: 150 },
    limits: { requestsPerMinute: 3_000, strangersRequestsPerMinute: 600, linksPerHour: 10_000 },
    geoipFile: null,
    rawClickDays: 0,
    smtpUrl: null,
    mailFrom: 'elnk@localhost',
    telegram: null,
    isProduction: false,
    registration: 'open',
    logLevel: 'info',
  });
});

it('reads who is told in Telegram', () => {
  const env = { TELEGRAM_TOKEN: '123456:AAhush-hush_0123', TELEGRAM_CHATS: '-1001, 42 @my_channel' };
  const telegram = {
    token: env.TELEGRAM_TOKEN,
    chats: ['-1001', '42', '@my_channel'],
    apiRoot: 'https://api.telegram.org',
    locale: 'en',
    postgresAwayMs: 60_000,
  };
  assert.equal(good(env).telegram, telegram);
  const own = { TELEGRAM_API_ROOT: 'http://127.0.0.1:8081/', TELEGRAM_LOCALE: 'ru', TELEGRAM_POSTGRES_AWAY_SEC: '90' };
  assert.equal(good({ ...env, ...own }).telegram, { ...telegram, apiRoot: 'http://127.0.0.1:8081', locale: 'ru', postgresAwayMs: 90_000 });
  const names = (changed: Record<string, string>) => faults({ ...env, ...changed }).map(({ name }) => name);
  assert.equal(names({ TELEGRAM_TOKEN: '' }), ['TELEGRAM_TOKEN']);
  assert.equal(names({ TELEGRAM_CHATS: '' }), ['TELEGRAM_CHATS']);
  assert.equal(names({ TELEGRAM_CHATS: 'me' }), ['TELEGRAM_CHATS']);
  assert.equal(names({ TELEGRAM_API_ROOT: 'ftp://x', TELEGRAM_LOCALE: 'de' }), ['TELEGRAM_API_ROOT', 'TELEGRAM_LOCALE']);
  const [fault] = faults({ ...env, TELEGRAM_TOKEN: 'hush' });
  assert.is(fault.name, 'TELEGRAM_TOKEN');
  assert.not.match(fault.message, 'hush');
});

it('reads where mails go, from a file as well', () => {
  for (const url of ['smtp://localhost:25', 'smtps://u:p%40@mail.example.com']) assert.is(good({ SMTP_URL: url }).smtpUrl, url);
  assert.is(good({ SMTP_URL_FILE: '/smtp' }).smtpUrl, 'smtps://u:hush@h');
  for (const url of ['http://hush.example.com', 'mail.hush.example.com:25', 'smtp:', 'smtp:///hush']) {
    const [fault] = faults({ SMTP_URL: url });
    assert.is(fault.name, 'SMTP_URL', url);
    assert.not.match(fault.message, 'hush');
  }
});

it('reads where Redis is, from a file as well', () => {
  for (const [name, field] of [
    ['REDIS_URL', 'redisUrl'],
    ['REDIS_GUEST_URL', 'redisGuestUrl'],
  ] as const) {
    for (const url of ['redis://localhost', 'redis://[::1]:6380/', 'rediss://u:p%40@r.example.com:6379/15'])
      assert.is(good({ [name]: url })[field], url);
    assert.is(good({ [`${name}_FILE`]: '/redis' })[field], 'rediss://:hush@h/1');
    for (const url of [
      'http://hush',
      'hush:6379',
      'redis:',
      'redis:///hush',
      'redis://h/hush',
      'redis://h?password=hush',
      'redis://h/0#hush',
    ]) {
      const [fault] = faults({ [name]: url });
      assert.is(fault.name, name, url);
      assert.not.match(fault.message, 'hush');
    }
  }
});

it('knows whom mails come from', () => {
  const from = (BASE_URL: string, MAIL_FROM = '') => good({ BASE_URL, MAIL_FROM }).mailFrom;
  assert.is(from('https://s.example.com:8443'), 'elnk@s.example.com');
  for (const numeric of ['http://127.0.0.1:8080', 'http://[::1]']) assert.is(from(numeric), 'elnk@localhost', numeric);
  assert.is(from('https://s.example.com', 'Links@Example.com'), 'links@example.com');
  for (const wrong of ['links', 'Links <links@example.com>', 'a@b, c@d', 'a@b\nBcc: c@d']) {
    assert.is(faults({ MAIL_FROM: wrong })[0].name, 'MAIL_FROM', wrong);
  }
});

it('knows production', () => {
  assert.equal(
    ['production', 'test', ''].map((NODE_ENV) => good({ NODE_ENV }).isProduction),
    [true, false, false],
  );
});

it('is plain data, for threads', () => {
  const config = good({ TRUSTED_PROXIES: '10.0.0.0/8' });
  assert.equal(structuredClone(config), config);
});

it('takes an empty variable for one that is not set', () => {
  assert.equal(good({ PORT: '', SECRET_KEY: ' ', TRUSTED_PROXIES: '', SECRET_KEY_FILE: '' }), good({}));
});

it('has a front for each core but one, of two cores for both, and half as many shards', () => {
  const threads = (cores: number) => {
    const { frontThreads, shardThreads } = good({}, cores);
    return [frontThreads, shardThreads];
  };
  assert.equal([1, 2, 3, 4, 8, 16].map(threads), [
    [1, 1],
    [2, 1],
    [2, 1],
    [3, 1],
    [7, 3],
    [15, 7],
  ]);
  assert.is(good({ FRONT_THREADS: '6' }).shardThreads, 3);
  assert.is(good({ FRONT_THREADS: '6', SHARD_THREADS: '1' }).shardThreads, 1);
});

it('reads sizes', () => {
  const sizes = {
    '500MB': 500e6,
    '2GiB': 2 ** 31,
    '2 gib': 2 ** 31,
    '1.5G': 1.5e9,
    '1048576': 2 ** 20,
    '1048576b': 2 ** 20,
    '3Ti': 3 * 2 ** 40,
    '4096 kib': 2 ** 22,
  };
  for (const [text, bytes] of Object.entries(sizes)) assert.is(good({ CLICK_LOG_MAX_BYTES: text }).clickLogMaxBytes, bytes, text);
  for (const text of ['1MB', '0', '-1', '8 GB of disk', 'MB', '1e9', '9999999TiB', '1.5.5GB', '8XB']) {
    assert.is(faults({ CLICK_LOG_MAX_BYTES: text })[0].name, 'CLICK_LOG_MAX_BYTES', text);
  }
});

it('keeps guest links small, but not so small that Redis has no room', () => {
  assert.is(good({}).guestCacheBytes, 209_715_200, 'what Redis calls 200mb');
  assert.is(good({ GUEST_CACHE_BYTES: '16MiB' }).guestCacheBytes, 16_777_216);
  assert.equal(faults({ GUEST_CACHE_BYTES: '16MB' }), [
    { name: 'GUEST_CACHE_BYTES', message: 'must be a size of at least 16MiB such as 500MB or 8GiB, is "16MB"' },
  ]);
});

it('takes names of shops, once each, or none', () => {
  assert.equal(good({}).quickLinkShops, ['ozon', 'wildberries', 'aliexpress']);
  assert.equal(good({ QUICK_LINK_SHOPS: 'Ozon, yandex-market ozon,4lapy' }).quickLinkShops, ['ozon', 'yandex-market', '4lapy']);
  assert.equal(good({ QUICK_LINK_SHOPS: 'none' }).quickLinkShops, []);
  for (const text of ['ozon.ru', 'ozon|x', '(.*)', '-', 'ozon,о́зон', ',']) {
    assert.is(faults({ QUICK_LINK_SHOPS: text })[0].name, 'QUICK_LINK_SHOPS', text);
  }
});

it('keeps guest links apart from what nodes tell each other', () => {
  const both = (guests: string) => ({ REDIS_URL: 'redis://redis:6379/0', REDIS_GUEST_URL: guests });
  for (const same of ['redis://redis/1', 'rediss://user:secret@redis:6379', 'redis://REDIS']) {
    const [fault] = faults(both(same));
    assert.is(fault.name, 'REDIS_GUEST_URL', same);
    assert.match(fault.message, 'another server than REDIS_URL');
  }
  for (const other of ['redis://redis:6380', 'redis://guests']) assert.is(good(both(other)).redisGuestUrl, other);
});

it('takes an origin and a simple path as base url, nothing more', () => {
  assert.is(good({ BASE_URL: 'https://Go.Example.com' }).baseUrl, 'https://go.example.com');
  assert.is(good({ BASE_URL: 'http://example.com:8080/' }).baseUrl, 'http://example.com:8080');
  assert.is(good({ BASE_URL: 'https://пример.рф' }).baseUrl, 'https://xn--e1afmkfd.xn--p1ai');
  assert.is(good({ BASE_URL: 'https://example.com/go/to/' }).baseUrl, 'https://example.com/go/to');
  assert.is(good({ BASE_URL: 'https://example.com/go/../to' }).baseUrl, 'https://example.com/to');
  for (const text of [
    'example.com',
    'ftp://a.b',
    'https://a.b/c d',
    'https://a.b/c//d',
    'https://a.b/%63',
    'https://a.b?c',
    'https://a.b/#',
    'https://u:p@a.b',
    'javascript:alert(1)',
    'https://',
  ]) {
    assert.equal(
      faults({ BASE_URL: text }).map(({ name }) => name),
      ['BASE_URL'],
      text,
    );
  }
});

it('knows trusted proxies', () => {
  const { trustedProxies } = good({ TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.7 ,2001:db8::/32,::1' });
  assert.equal(trustedProxies, ['10.0.0.0/8', '192.168.1.7', '2001:db8::/32', '::1']);
  for (const text of ['10.0.0.0/33', 'example.com', '10.0.0', '::1/129', '10.0.0.0/8/8', '10.0.0.0/', '10.0.0.0/-1']) {
    assert.match(faults({ TRUSTED_PROXIES: `10.0.0.1,${text}` })[0].message, text);
  }
});

it('refuses a weak secret key and does not show it', () => {
  assert.is(good({ SECRET_KEY: KEY }).secretKey, KEY);
  for (const text of ['short-one', 'a'.repeat(64), '12'.repeat(20)]) {
    const [{ name, message }] = faults({ SECRET_KEY: text });
    assert.is(name, 'SECRET_KEY');
    assert.not.match(message, text);
  }
  assert.is(good({ SECRET_KEY: 'ключдлинойроворо' }).secretKey, 'ключдлинойроворо', '32 bytes, not characters');
});

it('reads secrets from files', () => {
  assert.is(good({ SECRET_KEY_FILE: '/secret' }).secretKey, KEY);
  assert.is(good({ DATABASE_URL_FILE: '/db' }).databaseUrl, 'postgres://u:p@h/d');
  const messages = ['/nowhere', '/empty', '/forbidden'].map((path) => faults({ SECRET_KEY_FILE: path })[0]);
  assert.equal(messages, [
    { name: 'SECRET_KEY_FILE', message: 'names /nowhere, which is not there' },
    { name: 'SECRET_KEY_FILE', message: 'names /empty, which is empty' },
    { name: 'SECRET_KEY_FILE', message: 'names /forbidden, which cannot be read (EACCES)' },
  ]);
  assert.equal(faults({ SECRET_KEY_FILE: '/db' }), [{ name: 'SECRET_KEY_FILE', message: 'must have at least 32 bytes, has 18' }]);
  assert.equal(faults({ SECRET_KEY: KEY, SECRET_KEY_FILE: '/secret' }), [
    { name: 'SECRET_KEY_FILE', message: 'and SECRET_KEY are both set: keep one of them' },
  ]);
});

it('takes quotas from nothing at all on', () => {
  assert.equal(good({ QUOTA_REGULAR: '0', QUOTA_EXTENDED: '1000000000' }).quotas, { regular: 0, extended: 1_000_000_000 });
  for (const text of ['-1', '1.5', '1e3', 'unlimited', '1000000001']) {
    assert.is(faults({ QUOTA_REGULAR: text })[0].name, 'QUOTA_REGULAR', text);
    assert.is(faults({ QUOTA_EXTENDED: text })[0].name, 'QUOTA_EXTENDED', text);
  }
});

it('takes an own file of countries when it is there', () => {
  assert.is(good({ GEOIP_FILE: '/own.mmdb' }).geoipFile, '/own.mmdb');
  assert.equal(faults({ GEOIP_FILE: '/else.mmdb' }), [{ name: 'GEOIP_FILE', message: 'names /else.mmdb, which is not there' }]);
});

it('lists every fault at once, in their words', () => {
  const all = {
    HOST: 'not a host',
    PORT: '80x',
    BASE_URL: 'example.com',
    DATABASE_URL: 'mysql://root:hunter2@h/d',
    FRONT_THREADS: '0',
    SHARD_THREADS: '1.5',
    SECRET_KEY: 'x',
    TRUSTED_PROXIES: 'nginx',
    CLICK_LOG_FSYNC: 'sometimes',
    CLICK_LOG_MAX_BYTES: 'much',
    GUEST_CACHE_BYTES: '1 link',
    QUICK_LINK_SHOPS: 'ozon.ru',
    FLUSH_ROWS: '-1',
    FLUSH_MS: '0',
    LINK_CACHE_ENTRIES: 'all',
    QUOTA_REGULAR: '-1',
    QUOTA_EXTENDED: '7.5',
    GEOIP_FILE: '/nowhere',
    RAW_CLICK_DAYS: '∞',
    LOG_LEVEL: 'loud',
  };
  const found = faults(all);
  assert.equal(found.map(({ name }) => name).sort(), Object.keys(all).sort());
  const message = (name: string) => found.find((fault) => fault.name === name)?.message;
  assert.is(message('PORT'), 'must be a whole number from 0 to 65535, is "80x"');
  assert.is(message('CLICK_LOG_FSYNC'), 'must be everysec, always or no, is "sometimes"');
  assert.not.match(JSON.stringify(found), 'hunter2');
});

it('puts the environment over .env', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), '# a comment\nELNK_CONFIG_TEST="from file"\nPATH=from-file\n');
  const env = readEnvironment(folder);
  assert.is(env.ELNK_CONFIG_TEST, 'from file');
  assert.is(env.PATH, process.env.PATH);
  assert.is(process.env.ELNK_CONFIG_TEST, undefined, 'children do not get what is in .env');
  assert.is(readEnvironment(temporaryFolder()).ELNK_CONFIG_TEST, undefined, 'there may be none');
});

it('says where a node is reached from its own machine', () => {
  assert.is(localOrigin('127.0.0.1', 8080), 'http://127.0.0.1:8080');
  assert.is(localOrigin('0.0.0.0', 80), 'http://localhost');
  assert.is(localOrigin('::', 1234), 'http://localhost:1234');
  assert.is(localOrigin('::1', 1234), 'http://[::1]:1234');
});

it.run();
