/** axe-core in a page that a test has opened. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type Violation = { id: string; impact: string; nodes: { target: string[]; failureSummary: string }[] };

/** What of it is serious or critical, one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(AXE); // as the debugger does it, past the page's policy
  const { violations } = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as { violations: Violation[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0].target.join(' ')}: ${nodes[0].failureSummary}`);
}
