/** A password that an account is to have. */
import { PasswordField } from '../../components/password-field.tsx';
import { auth } from './words.ts';

type NewPasswordProps = { label: string; value: string; onValue: (value: string) => void; fault: string | null };

export const NewPassword = (props: NewPasswordProps) => (
  <PasswordField {...props} autoComplete="new-password" hint={auth.value.passwordHint} />
);
