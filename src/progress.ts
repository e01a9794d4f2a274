/** How far a command is, on standard error: a bar on a terminal, a line at each tenth elsewhere. */

const BAR_LENGTH = 30;
const ERASE_LINE = '\r\x1b[K';
/** Of what is told elsewhere. */
const STEP_PERCENT = 10;

export type ProgressStream = { isTTY?: boolean; write(text: string): unknown };

export type Progress = {
  /** @param total 0: there is nothing to do; @param note what is beside the bar */
  show(done: number, total: number, note: string): void;
  /** Before anything else is written. */
  end(): void;
};

export function createProgress(stream: ProgressStream): Progress {
  let told = '';
  let nextPercent = STEP_PERCENT;

  function showBar(percent: number, note: string): void {
    const full = Math.floor((percent / 100) * BAR_LENGTH);
    const line = `[${'#'.repeat(full)}${'-'.repeat(BAR_LENGTH - full)}] ${String(percent).padStart(3)} %  ${note}`;
    if (line !== told) stream.write(`${ERASE_LINE}${line}`);
    told = line;
  }

  return {
    show(done, total, note) {
      const percent = total === 0 ? 100 : Math.min(100, Math.floor((100 * done) / total));
      if (stream.isTTY === true) showBar(percent, note);
      else if (percent >= nextPercent) {
        stream.write(`${String(percent).padStart(3)} %  ${note}\n`);
        nextPercent = percent - (percent % STEP_PERCENT) + STEP_PERCENT;
      }
    },
    end() {
      if (told !== '') stream.write('\n');
      told = '';
    },
  };
}
