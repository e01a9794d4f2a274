import { useId } from 'preact/hooks';

type SelectProps<T extends string> = {
  label: string;
  /** The label is only read out. */
  isLabelHidden?: boolean;
  value: T;
  choices: readonly { value: T; label: string }[];
  onValue: (value: T) => void;
};

/** A choice of a few words, by the device's own control. */
export function Select<T extends string>({ label, isLabelHidden = false, value, choices, onValue }: SelectProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label class={isLabelHidden ? 'visually-hidden' : 'field-label'} for={id}>
        {label}
      </label>
      <select
        id={id}
        class="input"
        value={value}
        onChange={({ currentTarget }) => {
          const chosen = choices[currentTarget.selectedIndex];
          if (chosen !== undefined) onValue(chosen.value);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === value}>
            {choice.label}
          </option>
        ))}
      </select>
    </div>
  );
}
