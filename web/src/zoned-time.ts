/** Between instants and what a date-and-minute input holds, in a zone that need not be this device's. */

const MINUTE_MS = 60_000;
/** No zone changes its offset twice within it. */
const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const digits = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('sv-SE', { ...digits, timeZone }); // Swedish dates are ISO dates
    formats.set(timeZone, format);
  }
  return format;
}

/** @returns `YYYY-MM-DDTHH:MM`, the value of an input of the type datetime-local */
export const toLocalInput = (iso: string, timeZone: string): string => formatOf(timeZone).format(new Date(iso)).replace(' ', 'T');

/**
 * @param local `YYYY-MM-DDTHH:MM`
 * @returns the instant as ISO text. Where clocks are set back the earlier of the two; where they are set forward, as if they had not been yet
 */
export function fromLocalInput(local: string, timeZone: string): string {
  const wanted = Date.parse(`${local}:00Z`);
  const offsetAt = (ms: number) =>
    Date.parse(`${toLocalInput(new Date(ms).toISOString(), timeZone)}:00Z`) - Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  const offsets = [offsetAt(wanted - DAY_MS), offsetAt(wanted + DAY_MS)];
  const fitting = offsets.map((offset) => wanted - offset).filter((ms) => ms + offsetAt(ms) === wanted);
  return new Date(fitting.length > 0 ? Math.min(...fitting) : wanted - offsets[0]).toISOString();
}
