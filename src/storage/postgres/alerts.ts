/** When an alert of a kind was told of last, by whichever node. */
import { ALERT_EVERY_MS, type AlertKind } from '../../core/alerts.ts';
import type { Queryable } from './pool.ts';

/** Takes the hour of a kind. @returns false when somebody has */
export async function claimAlert(db: Queryable, kind: AlertKind): Promise<boolean> {
  const { rowCount } = await db.query(
    `INSERT INTO alerts (kind, sent_at) VALUES ($1, now()) ON CONFLICT (kind) DO UPDATE SET sent_at = now()
     WHERE alerts.sent_at <= now() - make_interval(secs => $2)`,
    [kind, ALERT_EVERY_MS / 1_000],
  );
  return rowCount === 1;
}
