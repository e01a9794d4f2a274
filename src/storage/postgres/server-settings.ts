/** What administrators may switch while the server runs: one row. */
import type { ServerSettings, SettingsStore } from '../../core/administration.ts';
import { administer, changesOf } from './administration.ts';
import type { Pool, Queryable } from './pool.ts';

async function readSettings(db: Queryable, lock = ''): Promise<ServerSettings> {
  const { rows } = await db.query<ServerSettings>(`SELECT registration_open AS "registrationOpen" FROM server_settings ${lock}`);
  return rows[0];
}

export function createSettingsStore(pool: Pool): SettingsStore {
  return {
    read: () => readSettings(pool),

    edit: (adminId, wanted) =>
      administer(pool, adminId, async ({ client, record }) => {
        const changes = changesOf(await readSettings(client, 'FOR UPDATE'), wanted);
        if (Object.keys(changes).length === 0) return wanted;
        await client.query('UPDATE server_settings SET registration_open = $1', [wanted.registrationOpen]);
        await record('settings.edit', { id: null, name: 'settings' }, changes);
        return wanted;
      }),
  };
}
