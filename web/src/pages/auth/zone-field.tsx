/** A time zone of the IANA database, by typing a part of its name. */
import { useId } from 'preact/hooks';
import { Field } from '../../components/field.tsx';
import { auth } from './words.ts';

/** The zone of this device. */
export const deviceZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';

const zones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((it) => it !== 'UTC')];

export function ZoneField(props: { value: string; onValue: (value: string) => void; fault: string | null }) {
  const list = useId();
  return (
    <>
      <Field {...props} label={auth.value.zone} hint={auth.value.zoneHint} list={list} required autoComplete="off" spellcheck={false} />
      <datalist id={list}>
        {zones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}
