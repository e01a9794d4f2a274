/** Where the built web app is: beside the sources in a checkout, within dist in a package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = [join(import.meta.dirname, '..', 'web', 'dist'), join(import.meta.dirname, 'web')];

/** @returns null when it was not built: the node then serves everything but it */
export const webFolder = (): string | null => PLACES.find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
