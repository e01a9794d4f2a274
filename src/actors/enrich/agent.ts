/**
 * What a User-Agent header says of device, system and browser, in the words of core/agent.ts, and whether a person sent it.
 *
 * Only plain substring tests in a fixed order: the time is linear in the header's length, whatever it says. Parsers made of hundreds of
 * regular expressions are not: one header of 500 bytes (`naver(naver(…11111.11111.…`) keeps ua-parser-js 1.0.41 busy for 140 ms, so that
 * eight requests a second would stop a shard. isbot's one expression has no such input that we could find (≤ 20 µs). The test compares
 * this table with ua-parser-js over a thousand headers of real visitors.
 */
import { hash } from 'node:crypto';
import { isbot } from 'isbot';
import { BROWSERS, type Browser, DEVICES, type Device, OPERATING_SYSTEMS, type OperatingSystem } from '../../core/agent.ts';
import { textCache } from './text-cache.ts';

/** Headers remembered, ≤ 512 bytes each. */
export const USER_AGENT_CACHE_ENTRIES = 16_384;

export type Agent = {
  bot: boolean;
  /** Numbers in the lists of core/agent.ts; 0 for bots. */
  device: number;
  os: number;
  browser: number;
  /**
   * The first 64 bits of the header's SHA-256, for visitor.ts; 0 for bots. Two headers that share them matter only when they come from one
   * address to one link, so more bits would buy nothing.
   */
  hashLo: number;
  hashHi: number;
};

/** The first rule of which a token occurs in the header wins; case counts. */
type Rule<Word> = readonly [word: Word, ...tokens: string[]];

const SYSTEM_RULES: readonly Rule<OperatingSystem>[] = [
  ['Windows', 'Windows Phone'], // names Android and iPhone as well
  ['HarmonyOS', 'HarmonyOS', 'OpenHarmony'], // before Android, which it names
  ['Tizen', 'Tizen'],
  ['other', 'Web0S', 'webOS', 'KAIOS', 'CrKey', 'PlayStation', 'Nintendo', 'AppleTV', 'Apple TV', 'SmartTV', 'NetCast'],
  ['Android', 'Android'],
  ['iPad', 'iPad'],
  ['iPhone', 'iPhone', 'iPod'], // before macOS: "like Mac OS X"
  ['Windows', 'Windows', 'WinNT'],
  ['ChromeOS', 'CrOS '],
  ['macOS', 'Macintosh', 'Mac OS X', 'Mac_PowerPC'], // an iPad that asks for desktop pages says Macintosh, too
  ['BSD', 'FreeBSD', 'OpenBSD', 'NetBSD', 'DragonFly'],
  ['Linux', 'Linux', 'Ubuntu'],
];

/** Apps first, then those who also call themselves Chrome or Safari, then these two. */
const BROWSER_RULES: readonly Rule<Browser>[] = [
  ['Instagram', 'Instagram '],
  ['Facebook', 'FBAN/', 'FBAV/', 'FB_IAB/', 'MetaIAB Facebook'],
  ['TikTok', 'musical_ly', 'BytedanceWebview', 'TikTok', 'trill_'],
  ['WeChat', 'MicroMessenger/'],
  ['Telegram', 'Telegram-Android/'],
  ['VK', 'VKAndroidApp/', 'VKiOSApp/', 'com.vk.'],
  ['Snapchat', 'Snapchat'],
  ['Line', ' Line/'],
  ['Google App', 'GSA/'],
  ['Yandex', 'YaBrowser/', 'YaSearchBrowser/', 'YaApp_'],
  ['Samsung Internet', 'SamsungBrowser/'],
  ['Opera', 'OPR/', 'OPX/', 'OPT/', 'OPiOS/', 'Opera'],
  ['Edge', 'Edg/', 'EdgA/', 'EdgiOS/', 'Edge/'],
  ['UC Browser', 'UCBrowser/', 'UBrowser/', 'UCWEB'],
  ['Vivaldi', 'Vivaldi/'],
  ['Brave', 'Brave/', 'Brave '],
  ['Huawei Browser', 'HuaweiBrowser/'],
  ['MIUI Browser', 'MiuiBrowser/'],
  ['DuckDuckGo', 'DuckDuckGo/', 'Ddg/'],
  ['other', 'QQBrowser/', 'Whale/', 'Silk/', 'HeyTapBrowser/', 'VivoBrowser/', 'coc_coc_browser/', 'OculusBrowser/', 'Electron/'],
  ['other', 'NAVER(', 'KAKAOTALK', 'LinkedInApp', 'Pinterest/', 'Maxthon', 'Puffin/', 'SeaMonkey/', 'PaleMoon/', 'baidu', 'Quark/'],
  ['Chromium', 'Chromium/'],
  ['Internet Explorer', 'MSIE ', 'Trident/'],
  ['Firefox', 'Firefox/', 'FxiOS/', 'Focus/'],
  ['Chrome', 'Chrome/', 'CriOS/'],
];

const TELEVISIONS_AND_CONSOLES = [
  ...['SMART-TV', 'SmartTV', 'Smart TV', 'HbbTV', 'AppleTV', 'Apple TV', 'Android TV', 'GoogleTV', 'Google TV', 'BRAVIA', 'MiTV', 'MiBOX'],
  ...['; AFT', 'CrKey', 'Web0S', 'NetCast', 'Roku', 'PlayStation', 'Xbox', 'Nintendo', 'OculusBrowser'],
];
/** Android tablets that call themselves mobile. */
const TABLETS = ['Tablet', 'SM-T', 'SM-X', 'SM-P', 'Lenovo TB', 'Pad', 'Kindle', 'PlayBook'];
/** "Mobi" is what browser makers recommend to look for. */
const PHONES = ['Mobi', 'Opera Mini', 'Phone', 'MIDP', 'BlackBerry', 'Nokia', 'Symbian'];
const ENGINES = ['AppleWebKit', 'Gecko/'];

const hasAny = (text: string, tokens: readonly string[]): boolean => {
  for (const token of tokens) if (text.includes(token)) return true;
  return false;
};

/** @param words the list that the numbers belong to @returns the number of the first rule's word that fits, 0 if none does */
function numbered<Word>(rules: readonly Rule<Word>[], words: readonly Word[]): (text: string) => number {
  const table = rules.map(([word, ...tokens]) => ({ number: words.indexOf(word), tokens }));
  return (text) => {
    for (const { number, tokens } of table) if (hasAny(text, tokens)) return number;
    return 0;
  };
}

const systemOf = numbered(SYSTEM_RULES, OPERATING_SYSTEMS);
const listedBrowserOf = numbered(BROWSER_RULES, BROWSERS);

/** Safari and the old Android browser have no token of their own. */
function browserOf(header: string, os: OperatingSystem): number {
  const listed = listedBrowserOf(header);
  const isAndroidBrowser = os === 'Android' && header.includes('Version/4.0');
  if (listed === BROWSERS.indexOf('Chrome') && isAndroidBrowser && !header.includes('; wv)')) return BROWSERS.indexOf('Android Browser');
  if (listed !== 0 || !header.includes('Safari/')) return listed;
  if (isAndroidBrowser) return BROWSERS.indexOf('Android Browser');
  return header.includes('Version/') ? BROWSERS.indexOf('Safari') : 0;
}

function deviceOf(header: string, os: OperatingSystem): Device {
  if (hasAny(header, TELEVISIONS_AND_CONSOLES)) return 'other';
  switch (os) {
    case 'iPhone':
      return 'phone';
    case 'iPad':
      return 'tablet';
    case 'Android':
    case 'HarmonyOS':
      if (header.includes('(PC;')) return 'pc';
      if (hasAny(header, TABLETS)) return 'tablet';
      return hasAny(header, PHONES) || !hasAny(header, ENGINES) ? 'phone' : 'tablet';
    case 'Windows':
      return header.includes('Phone') ? 'phone' : 'pc'; // "Tablet PC" is a PC
    case 'macOS':
    case 'ChromeOS':
    case 'BSD':
      return 'pc';
    default:
      if (hasAny(header, TABLETS)) return 'tablet';
      if (hasAny(header, PHONES)) return 'phone';
      return os === 'Linux' ? 'pc' : 'other';
  }
}

const BOT: Agent = { bot: true, device: 0, os: 0, browser: 0, hashLo: 0, hashHi: 0 };

/**
 * No header at all counts as a bot: every browser sends one; link checkers, previews and scripts often do not. What statistics do not
 * show of bots is not looked for.
 */
export function parseAgent(header: string): Agent {
  if (header.trim() === '' || isbot(header)) return BOT;
  const os = systemOf(header);
  const system = OPERATING_SYSTEMS[os];
  const digest = hash('sha256', header, 'buffer');
  return {
    bot: false,
    device: DEVICES.indexOf(deviceOf(header, system)),
    os,
    browser: browserOf(header, system),
    hashLo: digest.readInt32LE(0),
    hashHi: digest.readInt32LE(4),
  };
}

/** User-Agent → what it says, remembered. */
export const agentReader = (): ((header: string) => Agent) => textCache(USER_AGENT_CACHE_ENTRIES, parseAgent);
