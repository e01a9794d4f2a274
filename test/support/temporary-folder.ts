import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new empty folder that is removed when the test's process exits. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'elnk-test-'));
  if (made.length === 0) process.on('exit', () => made.forEach(remove));
  made.push(path);
  return path;
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}
