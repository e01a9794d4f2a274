/** A real Chromium, as Debian installs it (tools/install-test-packages.sh), or another one by its path in CHROMIUM. */
import { type Browser, chromium } from 'playwright-core';
import type { Component } from '../../src/core/ports.ts';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** @param more arguments of Chromium's */
export async function startBrowser(more: readonly string[] = []): Promise<Component<Browser>> {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...ARGUMENTS, ...more] });
  return { value: browser, stop: () => browser.close() };
}
