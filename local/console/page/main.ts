import { render } from 'preact';
import { App } from './app.ts';
import { html } from './ui.ts';

const root = document.getElementById('app');
if (root) render(html`<${App} />`, root);
