/** Visits with all that statistics are made of, and what they add up to. The node has to trust this machine as a proxy. */
import type { Stats } from '../../src/core/api/stats.ts';
import type { LoadRequest } from './load.ts';
import type { TestOwner } from './test-owner.ts';

export const VISIT_SETTINGS = { TRUSTED_PROXIES: '127.0.0.0/8' };

type Agent = { name: string; device: string; os: string; browser: string };

const AGENTS: readonly Agent[] = [
  {
    name: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    device: 'pc',
    os: 'Windows',
    browser: 'Chrome',
  },
  {
    name: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    device: 'phone',
    os: 'iPhone',
    browser: 'Safari',
  },
  { name: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', device: 'pc', os: 'Linux', browser: 'Firefox' },
];
const BOT: Agent = { name: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', device: '', os: '', browser: '' };
const BOT_SHARE = 0.05;
const REFERRERS = ['', 'https://shop.example/page', 'https://news.example/'];
const LANGUAGES = [
  ['ru-RU,ru;q=0.9', 'ru'],
  ['en', 'en'],
];

export type Visit = LoadRequest & { slug: string; isBot: boolean; visitor: string; agent: Agent; referrer: string; language: string };

/** @param visitors addresses that visits come from */
export function randomVisits({ links }: TestOwner, random: () => number, visitors: number): () => Visit {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  return () => {
    const { slug } = pick(links);
    const isBot = random() < BOT_SHARE;
    const agent = isBot ? BOT : pick(AGENTS);
    const number = Math.floor(random() * visitors);
    const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    const referrer = pick(REFERRERS);
    const [accept, language] = pick(LANGUAGES);
    const headers = [
      `User-Agent: ${agent.name}`,
      `X-Forwarded-For: ${address}`,
      `Accept-Language: ${accept}`,
      ...(referrer === '' ? [] : [`Referer: ${referrer}`]),
    ];
    return {
      path: `/${slug}`,
      headers: headers.map((line) => `${line}\r\n`).join(''),
      slug,
      isBot,
      visitor: `${address} ${agent.name}`,
      agent,
      referrer: referrer === '' ? 'direct' : new URL(referrer).hostname,
      language,
    };
  };
}

const FACETS = {
  devices: (visit: Visit) => visit.agent.device,
  os: (visit: Visit) => visit.agent.os,
  browsers: (visit: Visit) => visit.agent.browser,
  referrers: (visit: Visit) => visit.referrer,
  languages: (visit: Visit) => visit.language,
};

/** What visits add up to, by link. */
export class Tally {
  readonly #links = new Map<string, LinkTally>();

  add(visit: Visit): void {
    this.of(visit.slug).add(visit);
  }

  of(slug: string): LinkTally {
    let tally = this.#links.get(slug);
    if (tally === undefined) {
      tally = new LinkTally();
      this.#links.set(slug, tally);
    }
    return tally;
  }
}

export class LinkTally {
  clicks = 0;
  bots = 0;
  readonly #visitors = new Set<string>();
  readonly #facets = Object.fromEntries(Object.keys(FACETS).map((name) => [name, new Map<string, number>()]));

  get uniques(): number {
    return this.#visitors.size;
  }

  add(visit: Visit): void {
    if (visit.isBot) {
      this.bots++;
      return;
    }
    this.clicks++;
    this.#visitors.add(visit.visitor);
    for (const [name, keyOf] of Object.entries(FACETS)) {
      const counts = this.#facets[name];
      counts.set(keyOf(visit), (counts.get(keyOf(visit)) ?? 0) + 1);
    }
  }

  /** The figures of a link whose clicks were all today. */
  figures(): Pick<Stats, 'clicks' | 'uniqueClicks' | 'repeatClicks' | 'botClicks' | keyof typeof FACETS> & {
    series: number;
    hours: number;
  } {
    const lists = Object.fromEntries(Object.entries(this.#facets).map(([name, counts]) => [name, sorted(counts)]));
    const { clicks, uniques, bots } = this;
    return {
      ...(lists as Record<keyof typeof FACETS, { key: string; clicks: number }[]>),
      clicks,
      uniqueClicks: uniques,
      repeatClicks: clicks - uniques,
      botClicks: bots,
      series: clicks,
      hours: clicks,
    };
  }
}

/** The same of what the API says. */
export function figuresOf(stats: Stats): ReturnType<LinkTally['figures']> {
  const { clicks, uniqueClicks, repeatClicks, botClicks, devices, os, browsers, referrers, languages, series, hours } = stats;
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
  return {
    clicks,
    uniqueClicks,
    repeatClicks,
    botClicks,
    devices,
    os,
    browsers,
    referrers,
    languages,
    series: sum(series.map((bucket) => bucket.clicks)),
    hours: sum(hours),
  };
}

/** As the API sorts: most clicks first, then by key. */
const sorted = (counts: Map<string, number>) =>
  [...counts].map(([key, clicks]) => ({ key, clicks })).sort((a, b) => b.clicks - a.clicks || (a.key < b.key ? -1 : 1));

/** A zone in which midnight is far, so that a test does not count two days. */
export function zoneAtNoon(now: number): string {
  const toNoon = 12 - new Date(now).getUTCHours(); // 12 … −11
  return toNoon === 0 ? 'UTC' : `Etc/GMT${toNoon > 0 ? '-' : '+'}${Math.abs(toNoon)}`; // their signs are the other way round
}
