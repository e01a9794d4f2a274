/** The PDF of a day, in the browser's own viewer where it has one, else to be opened or kept. */
import { useState } from 'preact/hooks';
import { askRaw } from '../../api/client.ts';
import { explain, faultOf } from '../../api/explain.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { ownZone } from '../../format.ts';
import { useObjectUrl } from '../../use-object-url.ts';
import { useResource } from '../../use-resource.ts';
import { addDays, todayIn } from '../links/range.ts';
import { reports } from './report-words.ts';

const pdfOf = async (day: string, signal: AbortSignal): Promise<Blob> =>
  (await askRaw('GET', `reports/daily.pdf?day=${day}`, { signal })).blob();

export function ReportPreview({ onClose }: { onClose: () => void }) {
  const yesterday = addDays(todayIn(ownZone()), -1);
  const [day, setDay] = useState(yesterday);
  const { data, error } = useResource((signal) => pdfOf(day, signal), [day]);
  const address = useObjectUrl(data);
  const dayFault = faultOf(error, 'day');
  return (
    <Dialog title={reports.value.title} size="wide" onClose={onClose}>
      <div class="stack">
        <Field label={reports.value.day} type="date" max={yesterday} required value={day} onValue={setDay} fault={dayFault} />
        {error !== null && dayFault === null && <Notice kind="fault">{explain(error)}</Notice>}
        {error === null && address === null && <div class="skeleton report-page" role="status" aria-label={reports.value.drawing} />}
        {error === null && address !== null && <Pdf address={address} day={day} />}
      </div>
    </Dialog>
  );
}

function Pdf({ address, day }: { address: string; day: string }) {
  return (
    <>
      {navigator.pdfViewerEnabled && (
        <iframe class="report-page" title={`${reports.value.title}: ${day}`} src={`${address}#navpanes=0&view=FitH`} />
      )}
      <div class="row">
        <a class="button" href={address} target="_blank" rel="noreferrer">
          {reports.value.open}
        </a>
        <a class="button" href={address} download={`elnk-${day}.pdf`}>
          <Icon name="download" size={16} />
          PDF
        </a>
      </div>
    </>
  );
}
