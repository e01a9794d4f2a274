/**
 * Programs that fetch a link to draw a preview of it where somebody has written it: messengers, networks, mail. They come before anybody has
 * clicked, so they take nothing of a limit. Search engines and whoever else calls himself a bot are not meant: a program that follows a link
 * uses it. Tokens are compared without case; what a preview of iMessage, Signal and others says contains one of them.
 */
const TOKENS = [
  'facebookexternalhit',
  'facebookcatalog',
  'facebot',
  'meta-externalfetcher',
  'whatsapp',
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
  'viber',
  'pinterestbot',
  'redditbot',
  'snap url preview service',
  'line-poker',
  'kakaotalk-scrap',
  'zoombot',
  'mattermost-bot',
  'rocket.chat',
  'synapse',
  'mastodon',
  'misskey',
  'pleroma',
  'bluesky cardyb',
  'embedly',
  'iframely',
  'opengraph',
  'link-preview',
  'linkpreview',
  'google-pagerenderer',
  'chat-googlebot',
  'yahoo link preview',
  'bitlybot',
  'tumblr/',
];
const PATTERN = new RegExp(TOKENS.map((token) => token.replaceAll(/[.\\/]/g, '\\$&')).join('|'), 'i');

/** Characters of a User-Agent header that are read. */
const USER_AGENT_MAX_LENGTH = 512;

/** @param userAgent the header, '' for none */
export const isPreviewBot = (userAgent: string): boolean => PATTERN.test(userAgent.slice(0, USER_AGENT_MAX_LENGTH));
