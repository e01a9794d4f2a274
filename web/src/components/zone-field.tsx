/** A time zone of the IANA database, by typing a part of its name. */
import { useId } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Field } from './field.tsx';

/** The zone of this device. */
export const deviceZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';

const zones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((it) => it !== 'UTC')];

type ZoneFieldProps = {
  value: string;
  hint: string;
  onValue: (value: string) => void;
  /** A zone was chosen from the list, or the field was left. */
  onDone?: () => void;
  fault: string | null;
};

export function ZoneField(props: ZoneFieldProps) {
  const list = useId();
  return (
    <div>
      <Field {...props} label={common.value.zone} list={list} required autoComplete="off" spellcheck={false} />
      <datalist id={list}>
        {zones().map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </div>
  );
}
