/** One link: what it is, what happened, and everything that can be done with it. */

import { useEffect, useState } from 'preact/hooks';
import type { Link } from '../../../../src/core/api/links.ts';
import { ask, ProblemError } from '../../api/client.ts';
import { explain } from '../../api/explain.ts';
import { common } from '../../common-words.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Fault } from '../../components/fault.tsx';
import { Icon } from '../../components/icons.tsx';
import { Notice } from '../../components/notice.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { dateTime, withoutScheme } from '../../format.ts';
import { usePageTitle } from '../../page-title.ts';
import { hrefOf, navigate } from '../../router.ts';
import { useResource } from '../../use-resource.ts';
import { deleteLinks } from './deletion.ts';
import { EditDialog } from './edit-dialog.tsx';
import { Figures } from './figures.tsx';
import { nameOf } from './filters.ts';
import { watchLive } from './live-feed.ts';
import { LiveState } from './live-state.tsx';
import { leaving, loadPanel, panelLinks, putLink } from './panel.ts';
import { QrImage } from './qr-image.tsx';
import { StatsView } from './stats-view.tsx';
import { links } from './words.ts';
import './links.css';
import './link-page.css';

export function LinkPage({ slug }: { slug: string }) {
  const read = useResource((signal) => ask<Link>('GET', `links/${encodeURIComponent(slug)}`, { signal }), [slug]);
  const [edited, setEdited] = useState<Link | null>(null);
  const [isEditing, setEditing] = useState(false);
  const live = panelLinks.value.find((it) => it.slug === slug);
  const link = read.data === null ? null : { ...read.data, ...live, ...edited, ...figuresOf(live ?? read.data) };
  usePageTitle(link === null ? links.value.title : nameOf(link));
  useEffect(() => {
    void loadPanel();
    return watchLive();
  }, []);
  const isLeaving = leaving.value.has(slug);
  useEffect(() => {
    if (isLeaving) navigate('/links', { replace: true }); // where it can be taken back
  }, [isLeaving]);

  if (read.error !== null && link === null) {
    return (
      <div class="stack">
        <BackLink />
        <h1>{slug}</h1>
        {isGone(read.error) ? <Notice kind="fault">{explain(read.error)}</Notice> : <Fault error={read.error} onRetry={read.reload} />}
      </div>
    );
  }
  if (link === null) return <Skeleton lines={8} />;
  return (
    <div class="links">
      <BackLink />
      <header class="links-head">
        <div class="link-heading">
          <h1>{nameOf(link)}</h1>
          {link.state !== 'active' && <span class="badge">{links.value.states[link.state]}</span>}
          {link.hasPassword && <Icon name="lock" size={18} />}
        </div>
        <LiveState />
        <div class="row">
          <button type="button" class="button" onClick={() => setEditing(true)}>
            <Icon name="edit" />
            {links.value.edit}
          </button>
          <button
            type="button"
            class="button"
            data-kind="danger"
            onClick={() => {
              deleteLinks([link.slug]);
              navigate('/links');
            }}
          >
            <Icon name="trash" />
            {common.value.delete}
          </button>
        </div>
      </header>
      <About link={link} />
      {link.clicks === 0 && link.state === 'active' && <Notice>{links.value.noClicks}</Notice>}
      <StatsView slug={slug} clicks={link.clicks} />
      {isEditing && (
        <EditDialog
          link={link}
          onClose={() => setEditing(false)}
          onEdited={(changed) => {
            setEdited(changed);
            putLink(slug, changed);
            setEditing(false);
            if (changed.slug !== slug) navigate(`/links/${changed.slug}`, { replace: true });
          }}
        />
      )}
    </div>
  );
}

const isGone = (error: unknown): boolean => error instanceof ProblemError && error.problem.code === 'not_found';

/** An edit's answer is older than the live numbers, and what comes of them. */
const figuresOf = ({ clicks, repeatClicks, clicksToday, repeatClicksToday, clicksLeft, state }: Link) => ({
  clicksLeft,
  state,
  clicks,
  repeatClicks,
  clicksToday,
  repeatClicksToday,
});

function BackLink() {
  return (
    <p>
      <a class="back" href={hrefOf('/links')} data-app>
        ← {links.value.back}
      </a>
    </p>
  );
}

function About({ link }: { link: Link }) {
  const facts: [label: string, value: string][] = [
    [links.value.created, dateTime(link.createdAt)],
    ...(link.clicksLeft === null ? [] : [[links.value.limit, links.value.left(link.clicksLeft)] as [string, string]]),
    ...(link.validFrom === null ? [] : [[links.value.validFrom, dateTime(link.validFrom)] as [string, string]]),
    ...(link.expiresAt === null ? [] : [[links.value.expiresAt, dateTime(link.expiresAt)] as [string, string]]),
    ...(link.expiredUrl === null ? [] : [[links.value.expiredUrl, withoutScheme(link.expiredUrl)] as [string, string]]),
  ];
  const figures: [label: string, value: number][] = [
    [links.value.today, link.clicksToday],
    [links.value.repeatToday, link.repeatClicksToday],
    [links.value.allClicks, link.clicks],
    [links.value.allRepeat, link.repeatClicks],
  ];
  return (
    <section class="card about">
      <QrImage slug={link.slug} size={120} />
      <div class="stack about-text">
        <div class="row">
          <a class="made-short" href={link.shortUrl} target="_blank" rel="noopener">
            {withoutScheme(link.shortUrl)}
          </a>
          <CopyButton text={link.shortUrl} size="small" />
        </div>
        <p class="about-target">
          → <a href={link.url}>{withoutScheme(link.url)}</a>
        </p>
        {link.tags.length > 0 && (
          <p>
            {link.tags.map((tag) => (
              <a class="tag" key={tag} href={hrefOf(`/links?tag=${encodeURIComponent(tag)}`)} data-app>
                {tag}
              </a>
            ))}
          </p>
        )}
        <dl class="facts small">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt class="soft">{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      <Figures class="about-figures" figures={figures} />
    </section>
  );
}
