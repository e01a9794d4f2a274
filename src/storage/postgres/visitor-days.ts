/** The partitions of `click_visitors`, one a day. */
import type pg from 'pg';
import { dayToISO } from '../../core/zone.ts';

export const VISITOR_DAY_PREFIX = 'click_visitors_';

/** Sorted by name they are sorted by day. */
export const visitorDayName = (day: number): string => `${VISITOR_DAY_PREFIX}${dayToISO(day).replaceAll('-', '')}`;

/** Attached, not created as a partition: that lock lets readers and writers of other days pass. */
export async function ensureVisitorDay(client: pg.PoolClient, day: number): Promise<void> {
  const name = visitorDayName(day);
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS exists', [name]);
  if (rows[0].exists) return;
  await client.query(`CREATE TABLE ${name} (LIKE click_visitors INCLUDING ALL)`);
  await client.query(`ALTER TABLE click_visitors ATTACH PARTITION ${name} FOR VALUES IN ('${dayToISO(day)}')`);
}
