/** `make soak` sets it. */
export const IS_SOAK = process.env.SOAK === '1';
/** How many times more rounds the fault tests have there than in `make test`. */
export const SOAK_FACTOR = IS_SOAK ? 10 : 1;
