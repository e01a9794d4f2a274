/** Decisions are numbered without gaps, each number once, and each says its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const FOLDER = 'docs/adr';

const it = suite('decisions');

it('are numbered one after the other, in their names and titles', () => {
  const files = readdirSync(FOLDER).sort();
  assert.ok(files.length >= 12);
  for (const [i, file] of files.entries()) {
    assert.is(Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1]), i + 1, file);
    assert.match(readFileSync(join(FOLDER, file), 'utf8'), new RegExp(`^# ${i + 1}\\. `), file);
  }
});

it.run();
