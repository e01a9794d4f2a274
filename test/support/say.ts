/** A figure that the test runner shows beside the file's result (tools/run-tests.ts). */
export const say = (line: string): void => {
  process.stdout.write(`figure: ${line}\n`);
};
