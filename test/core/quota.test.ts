import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PLANS } from '../../src/core/account.ts';
import { QuotaExceeded, quotaOf } from '../../src/core/quota.ts';

const it = suite('quota');

it('follows from the plan', () => {
  assert.equal(
    PLANS.map((plan) => quotaOf(plan, { regular: 75, extended: 150 })),
    [75, 150, null],
  );
  assert.is(quotaOf('regular', { regular: 0, extended: 150 }), 0, 'none is a number, too');
});

it('is refused with the plan, the limit and what there is', () => {
  const { code, message, plan } = new QuotaExceeded('extended', 150, 163);
  assert.equal([code, plan], ['quota_exceeded', 'extended']);
  assert.match(message, /extended allows 150 links.* 163/);
});

it.run();
