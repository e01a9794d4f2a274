/** The front page: one field, and what came of it. */
import { useRef, useState } from 'preact/hooks';
import { ask, user } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icons.tsx';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf } from '../../router.ts';
import { forgetRecent, type MadeLink, recentLinks, remember } from './recent-links.ts';
import { webAddress } from './web-address.ts';
import { front } from './words.ts';
import './front.css';

/** Of a guest it also brings a QR code. */
type Created = { shortUrl: string; url: string; qr?: string };

export function FrontPage() {
  const [made, setMade] = useState<MadeLink | null>(null);
  usePageTitle(null);
  return (
    <div class="front">
      <section class="front-hero">
        <h1>{front.value.title}</h1>
        <p class="soft">{front.value.lead}</p>
        <ShortenForm onMade={setMade} />
        {made !== null && <Result link={made} />}
      </section>
      <Recent except={made} />
      <section class="front-offers">
        {front.value.offers.map(({ title, text }) => (
          <div key={title}>
            <h2>{title}</h2>
            <p class="soft">{text}</p>
          </div>
        ))}
      </section>
      {user.value === null && (
        <section class="front-account">
          <p>{front.value.account}</p>
          <a class="button" data-kind="primary" href={hrefOf('/register')} data-app>
            {common.value.register}
          </a>
        </section>
      )}
    </div>
  );
}

function ShortenForm({ onMade }: { onMade: (link: MadeLink) => void }) {
  const [text, setText] = useState('');
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState<(() => string) | null>(null);
  const input = useRef<HTMLInputElement>(null);

  const shorten = async () => {
    const url = webAddress(text);
    if (url === null) {
      setFault(() => () => front.value.notUrl);
      input.current?.focus();
      return;
    }
    setSending(true);
    setFault(null);
    try {
      const { shortUrl, url: target, qr = null } = await ask<Created>('POST', 'links', { body: { url } });
      const link = { shortUrl, url: target, qr };
      if (user.value === null) remember(link);
      onMade(link);
      setText('');
    } catch (error) {
      setFault(() => () => explain(error));
      input.current?.focus();
    } finally {
      setSending(false);
    }
  };

  return (
    <form
      class="front-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSending) void shorten();
      }}
    >
      <input
        ref={input}
        class="input"
        type="url"
        inputMode="url"
        aria-label={front.value.label}
        aria-invalid={fault !== null || undefined}
        aria-describedby={fault === null ? undefined : 'front-fault'}
        placeholder={front.value.placeholder}
        value={text}
        autoComplete="off"
        spellcheck={false}
        // biome-ignore lint/a11y/noAutofocus: the page is this field
        autoFocus
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <button type="submit" class="button" data-kind="primary" aria-disabled={isSending} aria-busy={isSending}>
        {front.value.shorten}
      </button>
      {fault !== null && (
        <p class="field-fault" id="front-fault" role="alert">
          {fault()}
        </p>
      )}
    </form>
  );
}

/** `https://` is not worth reading. */
const shown = (url: string): string => url.replace(/^https?:\/\//, '');

function Result({ link }: { link: MadeLink }) {
  return (
    <section class="card front-result" aria-label={front.value.ready}>
      {link.qr !== null && <img class="front-qr" src={link.qr} alt="" width="112" height="112" />}
      <div class="front-result-text">
        <p class="soft small">{front.value.ready}</p>
        <p class="front-short">
          <a href={link.shortUrl} target="_blank" rel="noopener">
            {shown(link.shortUrl)}
          </a>
        </p>
        <p class="soft small front-target">
          {front.value.leadsTo} {shown(link.url)}
        </p>
        <div class="row">
          <CopyButton text={link.shortUrl} kind="primary" />
          {link.qr !== null && (
            <a class="button" href={link.qr} download="qr.png">
              <Icon name="download" />
              {front.value.downloadQr}
            </a>
          )}
        </div>
      </div>
    </section>
  );
}

function Recent({ except }: { except: MadeLink | null }) {
  const links = recentLinks.value.filter(({ shortUrl }) => shortUrl !== except?.shortUrl);
  if (links.length === 0 || user.value !== null) return null;
  return (
    <section class="front-recent">
      <div class="row front-recent-head">
        <h2>{front.value.recent}</h2>
        <button type="button" class="button" data-kind="quiet" data-size="small" onClick={forgetRecent}>
          {front.value.clear}
        </button>
      </div>
      <ul class="front-list">
        {links.map(({ shortUrl, url }) => (
          <li key={shortUrl} class="front-list-item">
            <div>
              <a href={shortUrl} target="_blank" rel="noopener">
                {shown(shortUrl)}
              </a>
              <p class="soft small front-target">{shown(url)}</p>
            </div>
            <CopyButton text={shortUrl} size="small" kind="quiet" isBrief />
          </li>
        ))}
      </ul>
      <p class="soft small">{front.value.recentHint}</p>
    </section>
  );
}
