/** A labelled input with a hint and a fault, tied together for screen readers. */
import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';

/** Of the input: what the forms here use. */
type InputProps = {
  value: string;
  type?: 'text' | 'email' | 'password' | 'url' | 'search' | 'number' | 'datetime-local' | 'date';
  required?: boolean;
  disabled?: boolean;
  autoComplete?: string;
  inputMode?: 'email' | 'url' | 'numeric';
  autoFocus?: boolean;
  list?: string;
  spellcheck?: boolean;
  placeholder?: string;
  min?: string;
  max?: string;
};

export type FieldProps = InputProps & {
  label: string;
  hint?: string | undefined;
  fault?: string | null | undefined;
  /** Stands beside the input. */
  button?: ComponentChildren;
  onValue: (value: string) => void;
  /** The field was left, or Enter pressed. */
  onDone?: (() => void) | undefined;
};

export function Field({ label, hint, fault, button, onValue, onDone, ...input }: FieldProps) {
  const id = useId();
  const described = [hint === undefined ? null : `${id}-hint`, fault ? `${id}-fault` : null].filter((it) => it !== null).join(' ');
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      <div class="field-with-button">
        <input
          {
            ...(input as InputHTMLAttributes) /* whose types are one for each type of input */
          }
          id={id}
          class="input"
          aria-invalid={fault ? true : undefined}
          aria-describedby={described || undefined}
          onInput={({ currentTarget }) => onValue(currentTarget.value)}
          onChange={onDone}
        />
        {button}
      </div>
      {hint !== undefined && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p class="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
