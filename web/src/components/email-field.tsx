/** The address of an account. */
import { common } from '../common-words.ts';
import { Field } from './field.tsx';

type EmailFieldProps = { label?: string; value: string; onValue: (value: string) => void; fault: string | null; autoFocus?: boolean };

export function EmailField({ label = common.value.email, ...rest }: EmailFieldProps) {
  return <Field {...rest} label={label} type="email" required autoComplete="email" inputMode="email" />;
}
