/** Runs in the page that bench/web.ts measures, before anything of the page itself. Times in milliseconds. */
globalThis.watch = {
  shift: 0,

  /** From the begin of the navigation until so many rows are painted. */
  rowsPainted(rows) {
    return this.painted(() => this.rows() >= rows).then(() => performance.now());
  },

  /** From the input of a text into the focused field until another number of rows is painted. */
  async inputAnswered(text) {
    const rows = this.rows();
    const from = performance.now();
    document.activeElement.value = text;
    document.activeElement.dispatchEvent(new Event('input', { bubbles: true }));
    await this.painted(() => this.rows() !== rows);
    return performance.now() - from;
  },

  figures() {
    const loaded = performance.getEntriesByType('resource').filter(({ name }) => /\.(js|css)$/.test(name));
    return {
      paintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
      shift: this.shift,
      loadedBytes: loaded.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    };
  },

  rows: () => document.querySelectorAll('.link-list > li').length,

  painted: (isThere) =>
    new Promise((resolve) => {
      const look = () => {
        if (isThere()) requestAnimationFrame(() => setTimeout(resolve));
        else requestAnimationFrame(look);
      };
      look();
    }),
};

new PerformanceObserver((list) => {
  for (const { value } of list.getEntries()) globalThis.watch.shift += value;
}).observe({ type: 'layout-shift', buffered: true });
