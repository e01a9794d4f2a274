/** The seed of a test file's random inputs: printed, and given again with SEED=… to repeat a run. */
export { randomFrom } from './random.ts';

export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

process.stdout.write(`seed ${seed}\n`);
