/** Runs in the page that bench/web.ts measures, before anything of the page itself. Times in milliseconds. */
globalThis.watch = {
  shift: 0,

  /** From the begin of the navigation until so many rows are painted. */
  rowsPainted(rows) {
    return this.painted(() => this.rows() >= rows).then(() => performance.now());
  },

  /** Begins to wait for a key. `answered`: from the key until another number of rows is painted. */
  awaitKey() {
    const rows = this.rows();
    this.answered = new Promise((resolve) => {
      const onKey = ({ timeStamp }) => this.painted(() => this.rows() !== rows).then(() => resolve(performance.now() - timeStamp));
      addEventListener('keydown', onKey, { once: true, capture: true });
    });
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

// What follows a key or a click is meant to move.
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.watch.shift += value;
}).observe({ type: 'layout-shift', buffered: true });
