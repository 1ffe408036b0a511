import type { BackfillView } from '../../../shared/api/backfill-schemas.ts';
import { api, CallFailed } from './api.ts';
import { bytesText, countText, percent } from './format.ts';
import { usePolled } from './polling.ts';
import { html, useSpeech } from './ui.ts';
import type { Word } from './words.ts';

/** Jobs last for hours: they are asked for so many times more rarely than transfers. */
const RARER = 5;
/** Ended ones are shown for so long after their begin, in ms. */
const RECENT_MS = 86_400_000;
const SHOWN = 3;

const STATES: Readonly<Record<BackfillView['state'], Word>> = {
  running: 'jobRunning',
  complete: 'jobComplete',
  stopped: 'jobStopped',
  broken: 'jobBroken',
};
const BADGES: Readonly<Record<BackfillView['state'], string>> = {
  running: 'sending',
  complete: 'stored',
  stopped: 'cancelled',
  broken: 'failed',
};

/** The backfills under way and those of the last day; nothing where there are none, or the caller may not see them. */
export function Backfills({ pollMs }: { pollMs: number }) {
  const says = useSpeech();
  const { value } = usePolled(recent, pollMs * RARER, []);
  if (!value || value.length === 0) return null;
  return html`<section class="jobs" aria-label=${says('jobs')}>
    <h2>${says('jobs')}</h2>
    <ul class="rows">${value.map((job) => html`<${Job} key=${job.id} job=${job} />`)}</ul>
  </section>`;
}

async function recent(): Promise<readonly BackfillView[]> {
  try {
    const { backfills } = await api.backfills();
    const since = Date.now() - RECENT_MS;
    return backfills.filter((job) => job.state === 'running' || job.createdAt >= since).slice(0, SHOWN);
  } catch (error) {
    if (error instanceof CallFailed && error.status > 0) return []; // a caller of transfers alone, or an older relay
    throw error;
  }
}

function Job({ job }: { job: BackfillView }) {
  const says = useSpeech();
  const name = nameOf(job);
  const count = (objects: number) => countText(objects, says.language);
  const { objects, bytes, failed, total } = figuresOf(job);
  return html`<li class=${`row job ${job.state}`}>
    <div class="what">
      <span class="name">${name}</span>
      <span class="path">${says(job.mode === 'carry' ? 'jobCarry' : job.mode === 'plan' ? 'jobPlan' : 'jobCheck')}</span>
    </div>
    <span class=${`badge ${BADGES[job.state]}`}>${says(STATES[job.state])}</span>
    <div class="how">
      ${
        job.state === 'running' &&
        total !== undefined &&
        html`<progress max="100" value=${percent(objects, total)} aria-label=${name}></progress>`
      }
      <span class="figures">${says('jobFigures', {
        done: total === undefined ? count(objects) : says('of', { done: count(objects), all: count(total) }),
        size: bytesText(bytes),
      })}</span>
      ${failed > 0 && html`<span class="reason">${says('jobFailed', { n: count(failed) })}</span>`}
    </div>
  </li>`;
}

const nameOf = ({ source }: BackfillView): string =>
  source.kind === 'bucket' ? `${source.bucket}/${source.prefix}` : `${source.list.bucket}/${source.list.key}`;

/** The report's figures once there is one, what was counted so far until then. */
function figuresOf({ progress, summary }: BackfillView) {
  // those left for the second pass are counted again there, and what only COS has is none of the named
  const { left: _, extra: __, ...outcomes } = summary?.outcomes ?? progress?.outcomes ?? {};
  const each = Object.values(outcomes);
  return {
    objects: each.reduce((sum, { objects }) => sum + objects, 0),
    bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
    failed: outcomes.failed?.objects ?? 0,
    total: summary?.objects ?? progress?.total,
  };
}
