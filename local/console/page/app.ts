import { useEffect, useMemo, useState } from 'preact/hooks';
import { api, keepKey, type Served, takeKey } from './api.ts';
import { DropZone } from './drop-zone.ts';
import { ListView } from './list-view.ts';
import { TransferPage } from './transfer-page.ts';
import { html, Speech, speaker, useSpeech } from './ui.ts';
import { openUploads, type Upload } from './uploads.ts';
import type { Language } from './words.ts';

const chosen = <T extends string>(name: string, values: readonly T[], preset: T): T =>
  values.find((value) => value === localStorage.getItem(name)) ?? preset;

export function App() {
  const [language, setLanguage] = useState<Language>(() =>
    chosen('language', ['en', 'zh'], navigator.language.startsWith('zh') ? 'zh' : 'en'),
  );
  const [theme, setTheme] = useState(() =>
    chosen('theme', ['light', 'dark'], matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  );
  const says = useMemo(() => speaker(language), [language]);
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.theme = theme;
  }, [language, theme]);
  const choose = (name: 'language' | 'theme', value: string) => localStorage.setItem(name, value);

  return html`<${Speech.Provider} value=${says}>
    <a class="skip" href="#main" onClick=${(event: Event) => {
      event.preventDefault();
      document.getElementById('main')?.focus();
    }}>${says('skip')}</a>
    <header class="top">
      <a class="brand" href="#/"><span class="mark" aria-hidden="true"></span><strong>cos-slice-relay</strong><span class="tagline">${says('tagline')}</span></a>
      <nav>
        <button type="button" class="quiet" lang=${language === 'en' ? 'zh-CN' : 'en'} onClick=${() => {
          const next = language === 'en' ? 'zh' : 'en';
          choose('language', next);
          setLanguage(next);
        }}>${says('language')}</button>
        <button type="button" class="quiet" onClick=${() => {
          const next = theme === 'dark' ? 'light' : 'dark';
          choose('theme', next);
          setTheme(next);
        }}>${says(theme === 'dark' ? 'light' : 'dark')}</button>
      </nav>
    </header>
    <${Body} />
  <//>`;
}

function Body() {
  const says = useSpeech();
  const [key, setKey] = useState(takeKey);
  const [served, setServed] = useState<Served>();
  const [refused, setRefused] = useState(false);
  const [hash, setHash] = useState(location.hash);
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const sender = useMemo(() => openUploads(setUploads), []);
  useEffect(() => {
    const moved = () => {
      setKey(takeKey());
      setHash(location.hash);
    };
    addEventListener('hashchange', moved);
    void sender.remember();
    return () => removeEventListener('hashchange', moved);
  }, []);
  useEffect(() => {
    if (key === undefined) return;
    api.served().then(setServed, () => setRefused(true));
  }, [key]);

  if (key === undefined || refused) {
    return html`<main id="main" tabindex="-1" class="narrow">
      <form class="card ask" onSubmit=${(event: SubmitEvent) => {
        event.preventDefault();
        const given = new FormData(event.target as HTMLFormElement).get('key'); // the form of this very element
        keepKey(String(given).trim());
        setRefused(false);
        setKey(String(given).trim());
      }}>
        <h1>${says('token')}</h1>
        <p>${says('tokenHint')}</p>
        <label>${says('token')} <input name="key" required autocomplete="off" /></label>
        <button type="submit">${says('enter')}</button>
      </form>
    </main>`;
  }
  if (!served) return html`<main id="main" tabindex="-1"></main>`;
  const id = /^#\/t\/([\w-]+)$/.exec(hash)?.[1];
  return html`<${DropZone} sender=${sender}>
    <main id="main" tabindex="-1">
      ${
        id === undefined
          ? html`<${ListView} pollMs=${served.pollMs} uploads=${uploads} sender=${sender} />`
          : html`<${TransferPage} key=${id} id=${id} pollMs=${served.pollMs} />`
      }
    </main>
    <footer class="foot">${served.api ?? says('thisMachine')}</footer>
  <//>`;
}
