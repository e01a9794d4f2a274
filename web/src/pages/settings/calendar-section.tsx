/** Language and time zone: saved as they are changed. */

import { useState } from 'preact/hooks';
import type { User } from '../../../../src/core/api/accounts.ts';
import { ask, user } from '../../api/client.ts';
import { explain, faultOf } from '../../api/explain.ts';
import { Section } from '../../components/section.tsx';
import { Select } from '../../components/select.tsx';
import { toast } from '../../components/toasts.tsx';
import { ZoneField } from '../../components/zone-field.tsx';
import { chooseLocale, LOCALES } from '../../preferences.ts';
import { settings } from './words.ts';

export function CalendarSection({ person }: { person: User }) {
  const [zone, setZone] = useState(person.timezone);
  const [zoneFault, setZoneFault] = useState<string | null>(null);

  const save = async (changes: Partial<Pick<User, 'timezone' | 'locale'>>) => {
    try {
      const changed = await ask<{ user: User }>('PATCH', 'me', { body: changes });
      user.value = changed.user;
      setZoneFault(null);
      if (changes.locale !== undefined) chooseLocale(changes.locale);
      toast(settings.value.saved);
    } catch (error) {
      const fault = faultOf(error, 'timezone');
      if (fault !== null) setZoneFault(fault);
      else toast(explain(error));
    }
  };

  return (
    <Section title={settings.value.calendar}>
      <div class="settings-grid">
        <Select
          label={settings.value.language}
          value={person.locale}
          choices={LOCALES.map((value) => ({ value, label: settings.value.languages[value] }))}
          onValue={(locale) => void save({ locale })}
        />
        <ZoneField
          value={zone}
          hint={settings.value.zoneHint}
          onValue={setZone}
          onDone={() => {
            if (zone !== person.timezone) void save({ timezone: zone });
          }}
          fault={zoneFault}
        />
      </div>
    </Section>
  );
}
