/** The last part of `npm run build`: copies what the compiler leaves behind, such as SQL migrations, from src to dist, and the built web app. */
import { cpSync, statSync } from 'node:fs';

cpSync('src', 'dist', { recursive: true, filter: (path) => statSync(path).isDirectory() || !path.endsWith('.ts') });
cpSync('web/dist', 'dist/web', { recursive: true });
