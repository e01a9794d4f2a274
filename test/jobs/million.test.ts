// timeout: 300 s
/** The small form of bench/hundred-million.ts: a million known clicks, stored and folded in three ways, every figure compared. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { storeAndFold } from '../../bench/support/stored-and-folded.ts';
import { testDatabase } from '../support/postgres.ts';
import { say } from '../support/say.ts';

const CLICKS = 1_000_000;
const PLAN = { links: 1_000, owners: 50, days: 3 };

const test = suite('a million clicks');

test('folded in the background, by dashboards and by both, they are exact in every figure', async () => {
  const database = await testDatabase();
  try {
    const { phases, compared } = await storeAndFold({ ...PLAN, clicks: CLICKS, url: database.value.url, tell: () => undefined });
    for (const { way, clicks, folds, dashboards, refused, foldedSec } of phases) {
      say(
        `${way}: ${clicks} clicks in ${foldedSec.toFixed(1)} s, ${folds} folds, ${dashboards} dashboards, ${refused} without an answer in time`,
      );
      assert.ok(folds > 0, way);
      assert.is(dashboards > 0, way !== 'background');
    }
    assert.equal([compared.links, compared.owners], [PLAN.links, PLAN.owners]);
    assert.ok(compared.documents > PLAN.links * PLAN.days);
  } finally {
    await database.stop();
  }
});

test.run();
