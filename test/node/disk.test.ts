/** How full the disk of the data folder is, and when that is said. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLifecycle } from '../../src/lifecycle.ts';
import { watchDisk } from '../../src/node-operations.ts';
import { diskUsedBy } from '../../src/node-state.ts';
import { recordingLogger, silentLogger } from '../support/logger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const it = suite('disk');

it('is measured as a share of the file system', async () => {
  const used = await diskUsedBy(temporaryFolder());
  assert.ok(used > 0 && used <= 1, String(used));
});

it('makes the node unwell when less than 5 % are free', async () => {
  const life = createLifecycle(silentLogger);
  const { logger, lines } = recordingLogger();
  try {
    const reasons = async (used: number) => (await watchDisk(async () => used, logger, life)).health();
    assert.equal(await reasons(0.95), []);
    assert.equal(lines, []);
    assert.equal(await reasons(0.951), ['the disk of the data folder is nearly full: less than 5 % are free']);
    assert.equal(
      lines.map(({ message }) => message),
      ['the disk of the data folder is nearly full'],
    );
  } finally {
    await life.stop();
  }
});

it.run();
