/** Chooses a stretch of time: the usual ones, or two days of a calendar. */
import { askRaw } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Icon } from '../../components/icons.tsx';
import { toast } from '../../components/toasts.tsx';
import { ownZone } from '../../format.ts';
import { setQuery } from '../../router.ts';
import { saveFile } from '../../save-file.ts';
import { RANGES, type Range, type RangeName, todayIn, USUAL_RANGE } from './range.ts';
import { links } from './words.ts';

/** @param csv path of the same numbers as CSV; null: there are none */
export function RangePicker({ range, csv }: { range: Range; csv: string | null }) {
  const choose = (name: RangeName) =>
    setQuery(
      name === 'own'
        ? { range: name, from: range.from, to: range.to }
        : { range: name === USUAL_RANGE ? null : name, from: null, to: null },
    );
  const download = async (path: string) => {
    try {
      await saveFile(await askRaw('GET', path), 'clicks.csv');
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <div class="row stats-head">
      <fieldset class="switch">
        <legend class="visually-hidden">{links.value.range}</legend>
        {RANGES.map((name) => (
          <button key={name} type="button" class="switch-choice" aria-pressed={range.name === name} onClick={() => choose(name)}>
            {links.value.ranges[name]}
          </button>
        ))}
      </fieldset>
      {range.name === 'own' && (
        <div class="row">
          {(['from', 'to'] as const).map((end) => (
            <input
              key={end}
              class="input range-day"
              type="date"
              aria-label={links.value[end === 'from' ? 'from' : 'until']}
              value={range[end]}
              max={todayIn(ownZone())}
              onChange={({ currentTarget }) => setQuery({ [end]: currentTarget.value })}
            />
          ))}
        </div>
      )}
      {csv !== null && (
        <button type="button" class="button" data-size="small" onClick={() => void download(csv)}>
          <Icon name="download" size={16} />
          CSV
        </button>
      )}
    </div>
  );
}
