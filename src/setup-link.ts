/** While there is no administrator, whoever can read what the node prints may become one. */
import type { Logger } from './core/ports.ts';
import { newMailToken } from './storage/postgres/mail-tokens.ts';
import type { Pool } from './storage/postgres/pool.ts';
import { keepSetupToken } from './storage/postgres/setup.ts';

/** Prints a link that is good once, and ends the one of the start before. A warning, so that it is also seen with LOG_LEVEL=warn. */
export async function offerSetup(pool: Pool, baseUrl: string, logger: Logger): Promise<void> {
  const token = newMailToken();
  if (!(await keepSetupToken(pool, token))) return;
  logger.warn({}, `there is no administrator yet: open ${baseUrl}/setup#token=${token} to become one`);
}
