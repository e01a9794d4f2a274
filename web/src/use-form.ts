/** The states of a form: at rest, sending, refused. */
import { useState } from 'preact/hooks';
import { ProblemError } from './api/client.ts';
import { explain, faultOf } from './api/explain.ts';

export type Form = {
  isSending: boolean;
  /** What is wrong as a whole; null when it is at rest, or single fields are wrong. */
  fault: string | null;
  /** What is wrong with one field. */
  faultAt(path: string): string | null;
  /** For `onSubmit`. */
  submit(event: Event): void;
};

/**
 * @param fields that show their own faults; others are shown as the whole's
 * @param send throws what is to be shown
 * @param ownWords for refusals that mean something particular here, by the code of the problem
 */
export function useForm(fields: readonly string[], send: () => Promise<void>, ownWords: Readonly<Record<string, string>> = {}): Form {
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async () => {
    setSending(true);
    setError(null);
    try {
      await send();
    } catch (refusal) {
      setError(refusal);
    } finally {
      setSending(false);
    }
  };
  const isOfField = error instanceof ProblemError && error.problem.errors?.some(({ path }) => fields.includes(path));
  const particular = error instanceof ProblemError ? ownWords[error.problem.code] : undefined;
  return {
    isSending,
    fault: error === null || isOfField ? null : (particular ?? explain(error)),
    faultAt: (path) => faultOf(error, path),
    submit: (event) => {
      event.preventDefault();
      if (!isSending) void run();
    },
  };
}
