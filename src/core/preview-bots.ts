/**
 * Programs that fetch a link to draw a preview of it where somebody has written it: messengers, networks, mail. They come before anybody has
 * clicked, so they take nothing of a limit. Search engines and whoever else calls himself a bot are not meant: a program that follows a link
 * uses it. Tokens are compared without case; none of them is in what an app's own browser says, or its people could not open such links.
 * Some use another's name: iMessage those of Facebook and Twitter, Signal WhatsApp's, KakaoTalk Facebook's.
 */
const TOKENS = [
  'facebookexternalhit',
  'facebookcatalog',
  'facebot',
  'meta-externalfetcher',
  'whatsapp/',
  'twitterbot',
  'telegrambot',
  'slackbot-linkexpanding',
  'slack-imgproxy',
  'discordbot',
  'linkedinbot',
  'skypeuripreview',
  'microsoftpreview',
  'bingpreview',
  'vkshare',
  'odklbot',
  'pinterestbot',
  'pinterest/0.',
  'redditbot',
  'snap url preview service',
  'line-poker',
  'mattermost-bot',
  'synapse/',
  'mastodon/',
  'misskey/',
  'pleroma ',
  'bluesky cardyb',
  'embedly',
  'iframely',
  'link-preview',
  'linkpreview',
  'google-pagerenderer',
];
const PATTERN = new RegExp(TOKENS.map((token) => token.replaceAll('.', '\\.')).join('|'), 'i');

/** Characters of a User-Agent header that are read. */
const USER_AGENT_MAX_LENGTH = 512;

/** @param userAgent the header, '' for none */
export const isPreviewBot = (userAgent: string): boolean => PATTERN.test(userAgent.slice(0, USER_AGENT_MAX_LENGTH));
