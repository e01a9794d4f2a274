/** The second half of `npm run build`: copies what the compiler leaves behind, such as SQL migrations, from src to dist. */
import { cpSync, statSync } from 'node:fs';

cpSync('src', 'dist', { recursive: true, filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts') });
