/** One link of the list. */

import { Component } from 'preact';
import type { DashboardLink } from '../../../../src/core/api/stats.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { Icon } from '../../components/icons.tsx';
import { Spark } from '../../components/spark.tsx';
import { dateTime, number, withoutScheme } from '../../format.ts';
import { hrefOf } from '../../router.ts';
import { nameOf } from './filters.ts';
import { links } from './words.ts';

type LinkRowProps = { link: DashboardLink; isSelected: boolean; onToggle: (slug: string) => void };

/**
 * Drawn again only when something of it has changed: lists are long, and clicks come in all the time.
 * Not by preact/compat's memo: wherever that package is loaded, `onChange` of every input means each key, and not the end of typing.
 */
export class LinkRow extends Component<LinkRowProps> {
  override shouldComponentUpdate({ link, isSelected }: LinkRowProps): boolean {
    return link !== this.props.link || isSelected !== this.props.isSelected;
  }

  override render(props: LinkRowProps) {
    return <Row {...props} />;
  }
}

function Row({ link, isSelected, onToggle }: LinkRowProps) {
  const name = nameOf(link);
  return (
    <li class="link-row" data-state={link.state}>
      <input
        type="checkbox"
        class="link-check"
        checked={isSelected}
        aria-label={`${links.value.select}: ${name}`}
        onChange={() => onToggle(link.slug)}
      />
      <div class="link-text">
        <p class="link-name">
          <a href={hrefOf(`/links/${link.slug}`)} data-app>
            {name}
          </a>
          {link.state !== 'active' && <span class="badge">{links.value.states[link.state]}</span>}
          {link.hasPassword && <Icon name="lock" size={14} />}
        </p>
        <p class="soft small link-line">
          {withoutScheme(link.shortUrl)} → {withoutScheme(link.url)}
        </p>
        <Rules link={link} />
      </div>
      <Spark values={link.hours} />
      <dl class="link-numbers numbers">
        <div>
          <dd>{number(link.clicksToday)}</dd>
          <dt>{links.value.clicksToday}</dt>
        </div>
        <div>
          <dd>{number(link.clicks)}</dd>
          <dt>{links.value.total}</dt>
        </div>
      </dl>
      <CopyButton text={link.shortUrl} size="small" kind="quiet" isBrief />
    </li>
  );
}

function Rules({ link }: { link: DashboardLink }) {
  const parts = [
    link.clicksLeft === null ? null : links.value.left(link.clicksLeft),
    link.validFrom === null ? null : `${links.value.from} ${dateTime(link.validFrom)}`,
    link.expiresAt === null ? null : `${links.value.until} ${dateTime(link.expiresAt)}`,
  ].filter((part) => part !== null);
  if (parts.length === 0 && link.tags.length === 0) return null;
  return (
    <p class="small link-line">
      {link.tags.map((tag) => (
        <span class="tag" key={tag}>
          {tag}
        </span>
      ))}
      <span class="soft">{parts.join(' · ')}</span>
    </p>
  );
}
