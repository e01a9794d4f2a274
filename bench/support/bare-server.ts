/** The baseline of every redirect figure: uWebSockets.js answering 302 and nothing else. Its port is its only argument. */
import * as uWS from 'uWebSockets.js';

uWS
  .App()
  .get('/*', (res) => {
    res
      .writeStatus('302 Found')
      .writeHeader('Location', 'https://example.com/some/path/12345')
      .writeHeader('Cache-Control', 'private, no-store')
      .end();
  })
  .listen('127.0.0.1', Number(process.argv[2]), (socket) => {
    if (socket === false) throw new Error('cannot listen');
    console.log('ready');
  });
