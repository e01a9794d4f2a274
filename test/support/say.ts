/** A line of figures for whoever reads the log of a test run. */
export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
