/** @returns the error that the work throws, for a test to look at; @throws when it throws none */
export async function thrownBy(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error(outcome === null ? 'nothing was thrown' : `what was thrown is no Error: ${outcome}`);
}
