/** The daily report: on or off, yesterday's to look at, and to be sent now. */
import { useState } from 'preact/hooks';
import type { User } from '../../../../src/core/api/accounts.ts';
import type { LinkPage } from '../../../../src/core/api/links.ts';
import { ask, ProblemError, user } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { Notice } from '../../components/notice.tsx';
import { Section } from '../../components/section.tsx';
import { toast } from '../../components/toasts.tsx';
import { hrefOf } from '../../router.ts';
import { useResource } from '../../use-resource.ts';
import { ReportPreview } from './report-preview.tsx';
import { reports } from './report-words.ts';
import { settings } from './words.ts';

const MINUTE_SEC = 60;

export function ReportSection({ person }: { person: User }) {
  const [isPreviewed, setPreviewed] = useState(false);
  const first = useResource((signal) => ask<LinkPage>('GET', 'links?limit=1', { signal }), []);
  const isWithoutLinks = first.data?.data.length === 0;
  return (
    <Section title={reports.value.title} hint={reports.value.hint}>
      <DailySwitch person={person} />
      {isWithoutLinks && (
        <Notice>
          {reports.value.noLinks}{' '}
          {person.confirmed && (
            <a href={hrefOf('/links/new')} data-app>
              {reports.value.firstLink}
            </a>
          )}
        </Notice>
      )}
      {!person.confirmed && <p class="soft small">{reports.value.unconfirmed}</p>}
      <div class="row">
        <button type="button" class="button" disabled={isWithoutLinks} onClick={() => setPreviewed(true)}>
          {reports.value.preview}
        </button>
        <SendNow email={person.email} isPossible={person.confirmed && !isWithoutLinks} />
      </div>
      {isPreviewed && <ReportPreview onClose={() => setPreviewed(false)} />}
    </Section>
  );
}

function DailySwitch({ person }: { person: User }) {
  const change = async (dailyReport: boolean) => {
    try {
      user.value = (await ask<{ user: User }>('PATCH', 'me', { body: { dailyReport } })).user;
      toast(settings.value.saved);
    } catch (error) {
      toast(explain(error));
    }
  };
  return (
    <label class="check">
      <input type="checkbox" checked={person.dailyReport} onChange={({ currentTarget }) => void change(currentTarget.checked)} />
      {reports.value.daily}
    </label>
  );
}

function SendNow({ email, isPossible }: { email: string; isPossible: boolean }) {
  const [isSending, setSending] = useState(false);
  const [isSent, setSent] = useState(false);
  const [refusal, setRefusal] = useState<unknown>(null);
  const send = async () => {
    setSending(true);
    setSent(false);
    setRefusal(null);
    try {
      await ask<undefined>('POST', 'reports/daily/send');
      setSent(true);
    } catch (error) {
      setRefusal(error);
    } finally {
      setSending(false);
    }
  };
  return (
    <>
      <button type="button" class="button" disabled={!isPossible || isSending} onClick={() => void send()}>
        {reports.value.send}
      </button>
      {isSent && <Notice kind="done">{reports.value.sent(email)}</Notice>}
      {refusal !== null && <Notice kind="fault">{whyNot(refusal)}</Notice>}
    </>
  );
}

/** The server's own words for too many tries speak of tries; here each was a mail. */
function whyNot(refusal: unknown): string {
  const isThrottled = refusal instanceof ProblemError && refusal.problem.code === 'too_many_requests';
  return isThrottled && refusal.retryAfterSec !== null
    ? reports.value.throttled(Math.ceil(refusal.retryAfterSec / MINUTE_SEC))
    : explain(refusal);
}
