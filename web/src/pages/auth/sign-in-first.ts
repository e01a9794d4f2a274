/** Pages that only show something to people who are signed in: whoever asks for one signs in, and is there. */
import { here, leaveDialog, navigate } from '../../router.ts';

const USUAL = '/links';
let wanted = USUAL;

/** Leads from the present page to the dialog. */
export function signInFirst(): void {
  wanted = here();
  navigate('/login', { replace: true });
}

/** Leads on, once somebody is signed in. */
export function enter(): void {
  navigate(wanted, { replace: true });
  wanted = USUAL;
}

/** Somebody has thought better of it. */
export function leaveSignIn(): void {
  wanted = USUAL;
  leaveDialog('/');
}
