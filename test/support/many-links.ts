/** Links by the hundred thousand, with something of everything that lists are asked for. */
import type { Pool } from '../../src/storage/postgres/pool.ts';

/**
 * Slugs are `mark` and a number from 1 on. A third of the links has no title, the others one of two words and the number; all have the tag
 * `all`, one in a thousand has `rare`, too; one in two thousand is disabled, one in three thousand has expired.
 * @param first id of the first owner; the links are spread over `owners` of them, whose ids follow each other
 */
export async function addManyLinks(
  pool: Pool,
  { first, owners, mark, links }: { first: number; owners: number; mark: string; links: number },
): Promise<void> {
  await pool.query(
    `INSERT INTO links (slug, owner_id, target, title, tags, disabled, expires_at)
     SELECT $1 || i, $2::bigint + i % $3::int, 'https://ozon.ru/' || substr(md5(i::text), 1, 10),
       CASE WHEN i % 3 > 0 THEN (ARRAY['Чайник ', 'Кабель ', 'Table '])[i % 3 + 1] || i END,
       CASE WHEN i % 1000 = 0 THEN ARRAY['rare', 'all'] ELSE ARRAY['all'] END, i % 2000 = 0, CASE WHEN i % 3000 = 0 THEN now() END
     FROM generate_series(1, $4::int) i`,
    [mark, first, owners, links],
  );
}
