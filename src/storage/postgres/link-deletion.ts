/** Links that go, with all that was counted of them. */
import type { PoolClient } from './pool.ts';

/** @param client in the transaction that deletes the links */
export async function deleteFigures(client: PoolClient, linkIds: readonly number[]): Promise<void> {
  // A fold under way locks totals first, then days by link and day, then rankings: so do we, or the two would wait for each other. Totals that are
  // not there yet are inserted to be locked: a fold may be about to make the first ones of a link, see fold-store.ts.
  await client.query(
    `INSERT INTO link_totals (link_id, clicks, uniques, bots) SELECT id, 0, 0, 0 FROM unnest($1::bigint[]) AS id ORDER BY id
     ON CONFLICT (link_id) DO UPDATE SET clicks = 0 WHERE false`,
    [linkIds],
  );
  await client.query('DELETE FROM link_totals WHERE link_id = ANY($1)', [linkIds]);
  await client.query('SELECT FROM link_days WHERE link_id = ANY($1) ORDER BY link_id, day FOR UPDATE', [linkIds]);
  await client.query('DELETE FROM link_days WHERE link_id = ANY($1)', [linkIds]);
  const rankings = `period IN (SELECT '-infinity'::date UNION ALL SELECT current_date + n FROM generate_series(-3, 3) n) AND link_id = ANY($1)`;
  await client.query(`SELECT FROM link_rankings WHERE ${rankings} ORDER BY period, link_id FOR UPDATE`, [linkIds]);
  await client.query(`DELETE FROM link_rankings WHERE ${rankings}`, [linkIds]);
}
