import { useRef } from 'preact/hooks';
import { bytesText, percent } from './format.ts';
import { nameOf } from './stored-files.ts';
import { html, useSpeech } from './ui.ts';
import type { Upload, Uploads } from './uploads.ts';

const SAMPLE_BYTES = 16_777_216;
const RANDOM_MAX = 65_536;

export function UploadButtons({ sender, inviting }: { sender: Uploads; inviting: boolean }) {
  const says = useSpeech();
  const input = useRef<HTMLInputElement>(null);
  return html`<div class="buttons">
    ${inviting && html`<button type="button" onClick=${() => sender.add(sampleFile())}>${says('sample', { size: bytesText(SAMPLE_BYTES) })}</button>`}
    <button type="button" class=${inviting ? 'second' : ''} onClick=${() => input.current?.click()}>${says('choose')}</button>
    <input ref=${input} type="file" multiple hidden aria-label=${says('choose')} onChange=${() => {
      for (const file of input.current?.files ?? []) sender.add(file);
      if (input.current) input.current.value = '';
    }} />
  </div>`;
}

/** Bytes that differ from slice to slice, under a name of its own. */
function sampleFile(): File {
  const block = crypto.getRandomValues(new Uint8Array(RANDOM_MAX));
  const blocks = Array.from({ length: SAMPLE_BYTES / RANDOM_MAX }, (_, at) => {
    const one = block.slice();
    new DataView(one.buffer).setUint32(0, at);
    return one;
  });
  const stamp = new Date().toISOString().slice(11, 19).replaceAll(':', '');
  return new File(blocks, `sample-${stamp}.bin`, { lastModified: Date.now() });
}

export function UploadList({ uploads, sender }: { uploads: readonly Upload[]; sender: Uploads }) {
  const says = useSpeech();
  if (uploads.length === 0) return null;
  return html`<section class="card uploads" aria-labelledby="uploads">
    <h2 id="uploads">${says('uploads')}</h2>
    <ul>${uploads.map((upload) => html`<${UploadRow} key=${nameOf(upload.file)} upload=${upload} sender=${sender} />`)}</ul>
  </section>`;
}

function UploadRow({ upload, sender }: { upload: Upload; sender: Uploads }) {
  const says = useSpeech();
  const { file, state, held, reason } = upload;
  const words = {
    sending: says('of', { done: bytesText(held), all: bytesText(file.size) }),
    waiting: says('waiting'),
    offline: says('offline'),
    paused: says('paused'),
    failed: reason ?? says('failed'),
  };
  return html`<li class=${`upload ${state}`}>
    <span class="name">${file.transferId ? html`<a href=${`#/t/${file.transferId}`}>${file.name}</a>` : file.name}</span>
    <progress max="100" value=${percent(held, file.size)} aria-label=${file.name}></progress>
    <span class="words">${words[state]}</span>
    ${state === 'paused' && file.handle && html`<button type="button" class="second" onClick=${() => void sender.goOn(upload)}>${says('goOn')}</button>`}
    <button type="button" class="quiet" aria-label=${`${says('remove')}: ${file.name}`} onClick=${() => sender.forget(upload)}>${says('remove')}</button>
  </li>`;
}
