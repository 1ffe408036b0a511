import { useEffect, useState } from 'preact/hooks';
import type { TransferView } from '../../../shared/api/views.ts';
import { Actions } from './actions.ts';
import { api, type CallFailed } from './api.ts';
import { Backfills } from './backfills.ts';
import { useCounts } from './counts.ts';
import { bytesText, clockText, percent } from './format.ts';
import { nameOf } from './names.ts';
import { usePolled } from './polling.ts';
import { html, useSpeech } from './ui.ts';
import { UploadButtons, UploadList } from './upload-list.ts';
import type { Upload, Uploads } from './uploads.ts';

const STATES = ['sending', 'opening', 'stored', 'failed', 'cancelled', 'superseded'] as const;
type State = (typeof STATES)[number];
/** Rates come from looking at a transfer itself: so many are looked at. */
const LOOKED_AT = 8;

/** A list is a hundred queries: nobody needs it more often, not even of a relay on this machine. */
const LEAST_MS = 1_000;

type Given = { pollMs: number; uploads: readonly Upload[]; sender: Uploads };

export function ListView({ pollMs, uploads, sender }: Given) {
  const says = useSpeech();
  const [state, setState] = useState<State>();
  const [search, setSearch] = useState('');
  const [older, setOlder] = useState<readonly TransferView[]>([]);
  const [cursor, setCursor] = useState<string>();
  const { value, error, again } = usePolled(() => listed(state), Math.max(pollMs, LEAST_MS), [state]);
  const isAll = state === undefined && value !== undefined && value.next === undefined;
  const counts = useCounts({ transfers: value?.transfers, isAll });
  useEffect(() => {
    setOlder([]);
    setCursor(undefined);
    document.title = 'cos-slice-relay';
  }, [state]);

  const known = new Set(value?.transfers.map(({ id }) => id));
  const all = [...(value?.transfers ?? []), ...older.filter(({ id }) => !known.has(id))];
  const shown = all.filter((one) => nameOf(one).toLowerCase().includes(search.toLowerCase()));
  const next = cursor ?? value?.next;
  const empty = value !== undefined && all.length === 0 && state === undefined && uploads.length === 0;
  const more = async () => {
    const page = await api.list(state, next);
    setOlder([...older, ...page.transfers]);
    setCursor(page.next ?? '');
  };

  if (empty) return html`<${Empty} sender=${sender} />`;
  return html`<div class="head"><h1>${says('title')}</h1><${UploadButtons} sender=${sender} inviting=${false} /></div>
    ${error && html`<${Trouble} error=${error} />`}
    <${UploadList} uploads=${uploads} sender=${sender} />
    <${Backfills} pollMs=${pollMs} />
    <div class="filters">
      <div class="states" role="group" aria-label=${says('title')}>
        ${[undefined, ...STATES].map(
          (one) => html`<button type="button" aria-pressed=${state === one} onClick=${() => setState(one)}>
            ${says(one ?? 'all')}${one === undefined ? '' : html` <span class="count">${counts?.get(one) ?? (counts && 0)}</span>`}
          </button>`,
        )}
      </div>
      <input type="search" value=${search} placeholder=${says('search')} aria-label=${says('search')} onInput=${
        (event: InputEvent) =>
          setSearch((event.target as HTMLInputElement).value) /* the element this stands on */
      } />
    </div>
    <ul class="rows">${shown.map((one) => html`<${Row} key=${one.id} transfer=${one} again=${again} />`)}</ul>
    ${value !== undefined && shown.length === 0 && html`<p class="none">${says('noMatch')}</p>`}
    ${next && html`<p class="more"><button type="button" class="second" onClick=${() => void more()}>${says('more')}</button></p>`}`;
}

/** A page of the list, with the rates of those under way. */
async function listed(state: State | undefined) {
  const page = await api.list(state);
  const active = page.transfers.filter((one) => one.state === 'sending').slice(0, LOOKED_AT);
  const looked = new Map(await Promise.all(active.map(async ({ id }) => [id, await api.look(id)] as const)));
  return { transfers: page.transfers.map((one) => looked.get(one.id) ?? one), next: page.next };
}

export const Trouble = ({ error }: { error: CallFailed }) => {
  const says = useSpeech();
  return html`<p class="trouble" role="status">${error.status === 0 ? says('unreachable') : error.message}</p>`;
};

function Empty({ sender }: { sender: Uploads }) {
  const says = useSpeech();
  return html`<section class="empty">
    <div class="picture" aria-hidden="true">${Array.from({ length: 24 }, (_, at) => html`<i class=${at < 9 ? 'held' : at < 15 ? 'sent' : ''}></i>`)}</div>
    <h1>${says('nothing')}</h1>
    <p>${says('nothingHint')}</p>
    <${UploadButtons} sender=${sender} inviting=${true} />
  </section>`;
}

function Row({ transfer, again }: { transfer: TransferView; again: () => void }) {
  const says = useSpeech();
  const { id, state, progress, reason, target } = transfer;
  const { total, held } = progress.bytes;
  const share = percent(held, total);
  return html`<li class=${`row ${state}`}>
    <div class="what">
      <a class="name" href=${`#/t/${id}`}>${nameOf(transfer)}</a>
      <span class="path">${target.bucket}/${target.path}</span>
    </div>
    <span class=${`badge ${state}`}>${says(state)}</span>
    <div class="how">
      ${state === 'sending' && html`<progress max="100" value=${share} aria-label=${nameOf(transfer)}></progress>`}
      <span class="figures">${
        state === 'sending'
          ? [
              says('of', { done: bytesText(held), all: bytesText(total) }),
              progress.bytesPerSecond && `${bytesText(progress.bytesPerSecond)}/s`,
              progress.secondsLeft !== undefined && says('left', { time: clockText(progress.secondsLeft) }),
            ]
              .filter(Boolean)
              .join(' · ')
          : bytesText(total)
      }</span>
      ${reason && html`<span class="reason" title=${reason.message}>${reason.message}</span>`}
    </div>
    <${Actions} transfer=${transfer} again=${again} short=${true} />
  </li>`;
}
