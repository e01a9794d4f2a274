/** Everything an owner sets for themselves. */
import { user } from '../../api/client.ts';
import { usePageTitle } from '../../page-title.ts';
import { AccountSection } from './account-section.tsx';
import { CalendarSection } from './calendar-section.tsx';
import { DangerSection } from './danger-section.tsx';
import { KeysSection } from './keys-section.tsx';
import { ReportSection } from './report-section.tsx';
import { settings } from './words.ts';
import './settings.css';

export function SettingsPage() {
  usePageTitle(settings.value.title);
  const person = user.value;
  if (person == null) return null;
  return (
    <div class="settings">
      <h1>{settings.value.title}</h1>
      <AccountSection person={person} />
      <CalendarSection person={person} />
      <ReportSection person={person} />
      <KeysSection isAdmin={person.isAdmin} />
      <DangerSection />
    </div>
  );
}
