/** A password that can be looked at while it is typed. */
import { useState } from 'preact/hooks';
import { common } from '../common-words.ts';
import { Field } from './field.tsx';

type PasswordFieldProps = {
  label: string;
  value: string;
  onValue: (value: string) => void;
  /** For password managers. */
  autoComplete: 'current-password' | 'new-password' | 'off';
  isRequired?: boolean;
  hint?: string | undefined;
  fault?: string | null | undefined;
};

export function PasswordField({ autoComplete, isRequired = true, ...rest }: PasswordFieldProps) {
  const [isShown, setShown] = useState(false);
  const button = (
    <button type="button" class="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
      {isShown ? common.value.hide : common.value.show}
    </button>
  );
  return <Field {...rest} type={isShown ? 'text' : 'password'} required={isRequired} autoComplete={autoComplete} button={button} />;
}
