/** A field that is searched in while it is typed. */

type SearchFieldProps = { label: string; value: string; onValue: (value: string) => void };

export function SearchField({ label, value, onValue }: SearchFieldProps) {
  return (
    <input
      class="input"
      type="search"
      aria-label={label}
      placeholder={label}
      value={value}
      onInput={({ currentTarget }) => onValue(currentTarget.value)}
    />
  );
}
