/**
 * The closed lists that user agents are sorted into. A word's place is its number in Postgres and in the documents: append only.
 * `other` is 0 everywhere.
 */

export const DEVICES = ['other', 'phone', 'tablet', 'pc'] as const;
export const OPERATING_SYSTEMS = [
  'other',
  'Android',
  'Windows',
  'iPhone',
  'iPad',
  'Linux',
  'macOS',
  'ChromeOS',
  'HarmonyOS',
  'Tizen',
  'BSD',
] as const;
export const BROWSERS = [
  'other',
  'Chrome',
  'Safari',
  'Firefox',
  'Edge',
  'Opera',
  'Yandex',
  'Samsung Internet',
  'UC Browser',
  'Internet Explorer',
  'Chromium',
  'Brave',
  'Vivaldi',
  'Android Browser',
  'Huawei Browser',
  'MIUI Browser',
  'DuckDuckGo',
  'Instagram',
  'Facebook',
  'TikTok',
  'WeChat',
  'Telegram',
  'VK',
  'Line',
  'Snapchat',
  'Google App',
] as const;

export type Device = (typeof DEVICES)[number];
export type OperatingSystem = (typeof OPERATING_SYSTEMS)[number];
export type Browser = (typeof BROWSERS)[number];
