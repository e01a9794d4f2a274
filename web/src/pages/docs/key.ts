/** The key that requests of the page are sent with. Only in memory. */
import { signal } from '@preact/signals';

export const key = signal('');
