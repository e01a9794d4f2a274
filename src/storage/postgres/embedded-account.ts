/**
 * Who runs the embedded Postgres. It refuses to run as root, so a node that runs as root gives it the account of an unprivileged user,
 * and to that user the files of the cluster.
 */
import { type SpawnOptions, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lchownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Tried in this order; Debian and macOS have the last one in any case. */
const USERS = ['postgres', 'nobody'];
const ROOT = 0;
const OWNER_AND_GROUP_SEARCH = 0o710;

export type Account = {
  uid: number;
  gid: number;
  /** What to spawn so that a program runs under this account. */
  command(file: string, args: readonly string[]): { file: string; args: string[]; options: SpawnOptions };
};

type Ids = { uid: number; gid: number };

/**
 * @param dataFolder the cluster's parent; opened to the account's group when it is root's
 * @param cluster the cluster's folder when there is one: its owner has to run it
 * @param program has to be within the account's reach, too
 * @throws an Error for people when no account will do
 */
export function serverAccount(dataFolder: string, cluster: string | null, program: string): Account {
  const owner = cluster === null ? null : statSync(cluster);
  const self = { uid: process.geteuid?.() ?? ROOT, gid: process.getegid?.() ?? ROOT };
  if (self.uid !== ROOT) {
    if (owner !== null && owner.uid !== self.uid) {
      throw new Error(`${cluster} belongs to user ${owner.uid}: start elnk as that user, or as root`);
    }
    return { ...self, command: plain };
  }
  const ids = owner !== null && owner.uid !== ROOT ? { uid: owner.uid, gid: owner.gid } : unprivilegedUser();
  openToGroup(dataFolder, ids.gid);
  if (cluster !== null && owner?.uid === ROOT) giveTo(ids, cluster); // copied by root, from a backup
  const command = [asUser(ids), asUserWhoSeesAll(ids)].find((it) => canReach(it, dataFolder, program));
  if (command === undefined) {
    throw new Error(
      `the embedded Postgres runs as user ${ids.uid}, who cannot reach both ${dataFolder} and ${program}: ` +
        'let that user pass the folders above them, start elnk as an ordinary user, or set DATABASE_URL',
    );
  }
  return { ...ids, command };
}

/** Gives a file or folder with all in it to the account. */
export function giveTo({ uid, gid }: Ids, path: string): void {
  lchownSync(path, uid, gid);
  if (!statSync(path).isDirectory()) return;
  for (const entry of readdirSync(path, { recursive: true })) lchownSync(join(path, String(entry)), uid, gid);
}

function unprivilegedUser(): Ids {
  for (const name of USERS) {
    const [uid, gid] = ['-u', '-g'].map((option) => {
      const { status, stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
      return status === 0 ? Number(stdout) | 0 : null; // macOS' nobody is -2, shown as 4294967294
    });
    if (uid !== null && gid !== null) return { uid, gid };
  }
  throw new Error(`Postgres does not run as root, and there is no user ${USERS.join(' or ')}: start elnk as another user`);
}

function openToGroup(folder: string, gid: number): void {
  const { uid, mode } = statSync(folder);
  if (uid !== ROOT || (mode & 0o001) !== 0) return;
  chownSync(folder, ROOT, gid);
  chmodSync(folder, OWNER_AND_GROUP_SEARCH);
}

type Command = Account['command'];

const plain: Command = (file, args) => ({ file, args: [...args], options: {} });

const asUser =
  (ids: Ids): Command =>
  (file, args) => ({ file, args: [...args], options: ids });

/**
 * For folders that only root may pass, such as those below /root: the account gets one capability of root's, to read and search
 * everything, but not to write. `no_setuid_fixup` because Postgres asks access(2), which otherwise disregards capabilities.
 */
const asUserWhoSeesAll =
  ({ uid, gid }: Ids): Command =>
  (file, args) => {
    const capability = ['--inh-caps', '--ambient-caps', '--bounding-set'].flatMap((set) => [set, '-all,+dac_read_search']);
    const user = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--securebits', '+no_setuid_fixup'];
    return { file: 'setpriv', args: [...user, ...capability, file, ...args], options: {} };
  };

function canReach(command: Command, folder: string, program: string): boolean {
  const { file, args, options } = command('/bin/sh', ['-c', 'cd -- "$1" && exec "$2" --version', 'sh', folder, program]);
  return spawnSync(file, args, { ...options, cwd: '/', stdio: 'ignore' }).status === 0;
}
