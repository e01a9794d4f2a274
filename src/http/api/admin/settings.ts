/** /api/v1/admin/settings: what can be switched while the server runs. */

import type { SettingsStore } from '../../../core/administration.ts';
import { editSettingsSchema, type ServerSettings, serverSettingsSchema } from '../../../core/api/admin.ts';
import { type ApiRoute, apiRoute } from '../../route.ts';
import { ADMIN, COMMON } from './common.ts';

export type SettingsDeps = {
  serverSettings: SettingsStore;
  /** REGISTRATION=closed. */
  isRegistrationClosedBySetting(): boolean;
};

const SETTINGS = `${ADMIN}/settings`;

export function settingsRoutes({ serverSettings, isRegistrationClosedBySetting }: SettingsDeps): ApiRoute[] {
  const reply = (settings: { registrationOpen: boolean }) => ({
    status: 200,
    body: { ...settings, registrationClosedBySetting: isRegistrationClosedBySetting() } satisfies ServerSettings,
  });
  return [
    apiRoute({
      ...COMMON,
      method: 'GET',
      path: SETTINGS,
      summary: 'Settings of the running server',
      reply: { status: 200, description: 'As they are', schema: serverSettingsSchema, headers: [] },
      handler: async () => reply(await serverSettings.read()),
    }),
    apiRoute({
      ...COMMON,
      method: 'PATCH',
      path: SETTINGS,
      summary: 'Open or close registration; effective at once',
      body: editSettingsSchema,
      reply: { status: 200, description: 'As they are now', schema: serverSettingsSchema, headers: [] },
      handler: async ({ caller, body }) => reply(await serverSettings.edit(caller.userId, body)),
    }),
  ];
}
