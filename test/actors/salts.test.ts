import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSalts } from '../../src/actors/salts.ts';
import { VISITORS_KEPT_DAYS } from '../../src/core/retention.ts';
import { DAY_MS } from '../../src/core/zone.ts';
import { silentLogger } from '../support/logger.ts';

const test = suite('salts');
const TODAY = 20_000;
const settled = () => new Promise(setImmediate);

test('fetches what today needs in every zone, and forgets a day as soon as its salt must not be kept any more', async () => {
  const clock = { now: TODAY * DAY_MS };
  const asked: number[] = [];
  const store = {
    async salt(day: number) {
      asked.push(day);
      return Uint8Array.of(day % 256);
    },
  };
  const salts = createSalts(store, () => clock.now, silentLogger);
  salts.fetchAhead();
  await settled();
  assert.equal(asked, [TODAY - 1, TODAY, TODAY + 1]);
  assert.equal(salts.get(TODAY), Uint8Array.of(TODAY % 256));

  // Until it has been over for three days: by then it has ended in every zone.
  clock.now = (TODAY + 1 + VISITORS_KEPT_DAYS) * DAY_MS - 1;
  salts.fetchAhead();
  assert.ok(salts.get(TODAY));
  clock.now += 1;
  salts.fetchAhead();
  assert.is(salts.get(TODAY), undefined);
  assert.is(salts.get(TODAY - 1), undefined);
  assert.ok(salts.get(TODAY + 1));
});

test.run();
