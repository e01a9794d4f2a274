/** The web app begins here. */
import { render } from 'preact';
import { restoreSession } from './api/client.ts';
import { App } from './app.tsx';
import { followLinks } from './router.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';

document.addEventListener('click', followLinks);
void restoreSession();
const root = document.querySelector('#app');
if (root !== null) render(<App />, root);
