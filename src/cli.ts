/** The command line. Results go to standard output; what went wrong is one line on standard error, and exit code 1. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Config, loadConfig, localOrigin } from './config.ts';
import { normalizeEmail, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH, PLANS, type Plan } from './core/account.ts';
import { SCOPES, type Scope } from './core/api/common.ts';
import type { Logger } from './core/ports.ts';
import { readDay } from './core/report-jobs.ts';
import { canonicalZone } from './core/zone.ts';
import { createLogger } from './logging.ts';
import { describeStatus, fetchStatus } from './node-status.ts';
import { createProgress } from './progress.ts';
import { hashPassword } from './storage/passwords.ts';
import { addApiKey, createApiKey } from './storage/postgres/api-keys.ts';
import { openForCommand } from './storage/postgres/command-access.ts';
import { migrate } from './storage/postgres/migrate.ts';
import { createPool, inTransaction, type Pool } from './storage/postgres/pool.ts';
import { createConfirmedUser, findUserByEmail } from './storage/postgres/users.ts';
import { VERSION } from './version.ts';

const KEY_NAME = 'command line';
const DEFAULT_SCOPES: Scope[] = ['links:read', 'links:write', 'stats:read'];

const program = new Command('elnk')
  .description('A link shortener. Settings come from the environment and from .env; see docs/operations.md.')
  .version(VERSION)
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'elnk: ')) });

program.command('serve').description('start a node (what elnk does without a command)').action(serve);

program.command('migrate').description('bring the database up to this version and exit').action(migrateOnly);

group('user', 'accounts')
  .command('add')
  .description('make an account, confirmed at once; prints JSON {id, email, apiKey}')
  .argument('<email>', 'its e-mail address', parseEmail)
  .option('--password <password>', 'to sign in with; without, only by API key', parsePassword)
  .option('--admin', 'an administrator', false)
  .addOption(new Option('--plan <plan>', 'how much it may use').choices(PLANS).default('regular'))
  .option('--timezone <zone>', 'IANA time zone of its calendar', parseTimeZone, 'UTC')
  .action(addUser);

group('key', 'API keys')
  .command('add')
  .description('make an API key; prints JSON {apiKey}')
  .argument('<email>', 'whose', parseEmail)
  .option('--name <name>', 'what its owner calls it', KEY_NAME)
  .addOption(new Option('--scope <scopes...>', 'what it may do').choices(SCOPES).default(DEFAULT_SCOPES))
  .action(addKey);

group('report', 'daily reports')
  .command('send')
  .description('have the running node send a report now, or write it to a file; prints JSON {email, day}')
  .argument('<email>', 'whose', parseEmail)
  .option('--day <YYYY-MM-DD>', 'of the calendar of the account; without, yesterday', parseDay)
  .option('--out <file>', 'write the PDF to this file instead')
  .action(report);

program
  .command('import')
  .description('make links of a CSV file, as POST /api/v1/links/import does; prints JSON {rows, imported, refused, dryRun}')
  .argument('<file>', 'its first line names the columns; `url` is needed')
  .requiredOption('--user <email>', 'whose links they become', parseEmail)
  .option('--dry-run', 'only tell what would happen', false)
  .option('--refused <file>', 'write the refused rows, with their lines and reasons, to this file')
  .action(importCsv);

program
  .command('export')
  .description('write all links of an account as CSV')
  .requiredOption('--user <email>', 'whose', parseEmail)
  .option('--out <file>', 'write to this file instead of standard output; prints JSON {email, links, file}')
  .option('--excel', 'with semicolons and a byte order mark, as Excel wants it in many countries', false)
  .action(exportCsv);

program
  .command('backup')
  .description(
    'write database, click log and keys of the data folder to a file, beside a running node or without; prints JSON {file, bytes, madeAt}',
  )
  .argument('<file>', 'must not be there yet')
  .action(backup);

program
  .command('restore')
  .description('make a data folder of a backup; prints JSON {dataDir, madeAt, before}')
  .argument('<file>', 'as elnk backup has written it')
  .option('--force', 'also where data is; it is moved to before-restore/', false)
  .action(restore);

program
  .command('status')
  .description('how the running node is')
  .option('--json', 'as JSON', false)
  .action(async ({ json }: { json: boolean }) => {
    const status = await fetchStatus(configOrEnd().dataDir);
    console.log(json ? JSON.stringify(status) : describeStatus(status));
  });

try {
  // Not as a default command: commander would take a misspelt command for an argument of it.
  await program.parseAsync(process.argv.length > 2 ? process.argv : [...process.argv, 'serve']);
} catch (error) {
  end([error instanceof Error ? error.message.replace(/\s*\n\s*/g, ' ') : String(error)]);
}

/** Commands below a name. The name alone, or with a wrong one, gets its line as any other mistake, and not the help. */
function group(name: string, description: string): Command {
  const commands = program.command(name).description(description).argument('[command...]').usage('[options] [command]').helpCommand(true);
  return commands.action(([wrong]: string[]) => {
    commands.error(`error: ${wrong === undefined ? `'${name}' needs a command` : `unknown command '${wrong}'`}; see elnk ${name} --help`);
  });
}

async function serve(): Promise<void> {
  const config = configOrEnd();
  const logger = createLogger({ level: config.logLevel });
  const { startNode } = await import('./main.ts'); // with all that commands have no use for
  const asked = stopSignal(logger);
  const node = await startNode(config, logger);
  await asked;
  await node.stop();
  process.exit(0);
}

/** Settles at the first SIGTERM or SIGINT; at the second one the process ends at once. */
function stopSignal(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (signal: NodeJS.Signals) => {
      logger.info({ signal }, asked ? 'ending at once' : 'stopping; once more ends at once');
      // Not process.exit: that aborts with a core dump while a front thread is listening.
      if (asked) process.kill(process.pid, 'SIGKILL');
      asked = true;
      resolve();
    };
    process.on('SIGTERM', ask).on('SIGINT', ask);
  });
}

async function migrateOnly(): Promise<void> {
  const { databaseUrl, dataDir } = configOrEnd();
  const logger = createLogger({ level: 'silent' });
  const database = await openForCommand({ databaseUrl, dataDir, logger });
  try {
    const applied = await migrate({ url: database.value.url, logger });
    console.log(applied.length === 0 ? 'nothing to do' : applied.map((name) => `applied ${name}`).join('\n'));
  } finally {
    await database.stop();
  }
}

type NewUserOptions = { password?: string; admin: boolean; plan: Plan; timezone: string };

async function addUser(email: string, options: NewUserOptions): Promise<void> {
  const passwordHash = options.password === undefined ? null : await hashPassword(options.password);
  const made = await withDatabase((pool) =>
    inTransaction(pool, async (client) => {
      const account = { email, passwordHash, isAdmin: options.admin, plan: options.plan, timeZone: options.timezone };
      const { id } = await createConfirmedUser(client, account);
      return { id, email, apiKey: await createApiKey(client, { userId: id, name: KEY_NAME, scopes: scopesFor(options.admin) }) };
    }),
  );
  console.log(JSON.stringify(made));
}

function scopesFor(admin: boolean): Scope[] {
  return admin ? [...SCOPES] : DEFAULT_SCOPES;
}

async function addKey(email: string, { name, scope }: { name: string; scope: Scope[] }): Promise<void> {
  const apiKey = await withDatabase(async (pool) => {
    const user = await findUserByEmail(pool, email);
    if (user === null) throw new Error(`there is no account with the e-mail ${email}`);
    return (await addApiKey(pool, { userId: user.id, name, scopes: [...new Set(scope)] })).secret;
  });
  console.log(JSON.stringify({ apiKey }));
}

async function report(email: string, { day = null, out = null }: { day?: number | null; out?: string | null }): Promise<void> {
  const { sendReport } = await import('./report-command.ts'); // with all that other commands have no use for
  const { host } = new URL(shownOrigin());
  console.log(JSON.stringify(await withDatabase((pool) => sendReport(pool, { email, day, out, host }))));
}

type ImportOptions = { user: string; dryRun: boolean; refused?: string };

async function importCsv(file: string, { user, dryRun, refused }: ImportOptions): Promise<void> {
  const [{ importFile }, { ownHostsOf }] = await Promise.all([import('./import-command.ts'), import('./front-guests.ts')]);
  const { quotas, quickLinkShops } = configOrEnd();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const command = {
    file,
    email: user,
    isDryRun: dryRun,
    refusedFile: refused ?? null,
    quotas,
    ownHosts: ownHostsOf({ baseUrl: shownOrigin(), quickLinkShops }),
    progress: createProgress(process.stderr),
    say: (line: string) => console.error(line),
    signal: interrupted.signal,
  };
  console.log(JSON.stringify(await withDatabase((pool) => importFile(pool, command))));
}

async function exportCsv({ user, out, excel }: { user: string; out?: string; excel: boolean }): Promise<void> {
  const { exportLinks } = await import('./export-command.ts');
  const command = {
    email: user,
    out: out ?? null,
    isExcel: excel,
    baseUrl: shownOrigin(),
    quotas: configOrEnd().quotas,
    stdout: process.stdout,
    progress: createProgress(process.stderr),
  };
  const result = await withDatabase((pool) => exportLinks(pool, command));
  if (result !== null) console.log(JSON.stringify(result));
}

/** Where short links lead, as far as the settings say. */
function shownOrigin(): string {
  const { baseUrl, host, port } = configOrEnd();
  return baseUrl ?? localOrigin(host, port);
}

async function backup(file: string): Promise<void> {
  const { makeBackup } = await import('./backup-command.ts'); // with all that other commands have no use for
  console.log(JSON.stringify(await makeBackup(file, ownData())));
}

async function restore(file: string, { force }: { force: boolean }): Promise<void> {
  const { restoreBackup } = await import('./backup-command.ts');
  console.log(JSON.stringify(await restoreBackup(file, { ...ownData(), force })));
}

function ownData(): { dataDir: string; logger: Logger } {
  const { databaseUrl, dataDir } = configOrEnd();
  if (databaseUrl !== null)
    return end(['backup and restore are for the embedded Postgres; for DATABASE_URL use pg_dump, see docs/operations.md']);
  return { dataDir, logger: createLogger({ level: 'silent' }) }; // what matters is thrown
}

/** On the migrated database of the node, running or not. */
async function withDatabase<T>(use: (pool: Pool) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = configOrEnd();
  const logger = createLogger({ level: 'silent' }); // what matters is thrown
  const database = await openForCommand({ databaseUrl, dataDir, logger });
  try {
    await migrate({ url: database.value.url, logger });
    const pool = await createPool({ url: database.value.url, name: 'command', max: 1, logger });
    return await use(pool.value).finally(pool.stop);
  } finally {
    await database.stop();
  }
}

function configOrEnd(): Config {
  const config = loadConfig();
  if (!Array.isArray(config)) return config;
  return end(config.map(({ name, message }) => `${name} ${message}`));
}

function end(reasons: string[]): never {
  for (const reason of reasons) console.error(`elnk: ${reason}`);
  process.exit(1);
}

function parseEmail(text: string): string {
  const email = normalizeEmail(text);
  if (email === null) throw new InvalidArgumentError('It must be an e-mail address.');
  return email;
}

function parsePassword(text: string): string {
  if (text.length >= PASSWORD_MIN_LENGTH && text.length <= PASSWORD_MAX_LENGTH) return text;
  throw new InvalidArgumentError(`It must have ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters.`);
}

function parseDay(text: string): number {
  const day = readDay(text);
  if (day === null) throw new InvalidArgumentError('It must be a day such as 2026-11-23.');
  return day;
}

function parseTimeZone(text: string): string {
  if (canonicalZone(text) === null) throw new InvalidArgumentError('It must be an IANA time zone such as Europe/Moscow.');
  return text;
}
