import type { Transfer } from '../../shared/records/transfer.ts';
import type { Act } from './plan.ts';
import type { Operation } from './scheduler.ts';
import type { Trouble } from './trouble.ts';

/** How often each thing really happened. */
export type Coverage = Map<string, number>;

export const count = (coverage: Coverage, what: string, times = 1): void =>
  void coverage.set(what, (coverage.get(what) ?? 0) + times);

export function merge(into: Coverage, from: Iterable<readonly [string, number]>): void {
  for (const [what, times] of from) count(into, what, times);
}

/** By the peer whose operation it is, and apart from them in the calls of a backfill. */
export function countTrouble(coverage: Coverage, { key, name }: Hit, trouble: Trouble): void {
  const [peer = name] = name.split('.');
  countAt(coverage, peer, trouble);
  if (key.startsWith('backfill')) countAt(coverage, 'backfill', trouble);
}

/** `key`: the Lambda's name and which of its operations. */
type Hit = { readonly key: string; readonly name: string };

function countAt(coverage: Coverage, room: string, trouble: Trouble): void {
  if (trouble.fate !== 'ok') count(coverage, `trouble: ${room} ${trouble.fate}`);
  if (trouble.quirk) count(coverage, `trouble: cos ${trouble.quirk.kind}`);
  if (trouble.breaksAt !== undefined) count(coverage, 'trouble: source breaks off');
  if (trouble.before > 1 || trouble.after > 0) count(coverage, `trouble: ${room} slow`);
}

export function countTransition(
  coverage: Coverage,
  { name, given }: Operation,
  result: unknown,
  from: string | undefined,
): void {
  if (name !== 'store.replace' || result !== true) return;
  const { state } = given as Transfer; // the contract's one argument
  if (from !== undefined && from !== state) count(coverage, `transfer: ${from} -> ${state}`);
}

const ACTS: readonly Act['kind'][] = [
  'put',
  'delete',
  'destroy-newest',
  'repeat-event',
  'cancel',
  'restart',
  'second-execution',
  'client-upload',
  'lose-sessions',
  'backfill',
];
const KILLS = ['dies-before', 'dies-after', 'dies-late'];
const ROOMS = ['cos', 'store', 'source', 'machine'];
const STATES = ['OpenUpload', 'ListSlices', 'UploadSlices', 'FinishUpload', 'HashSource', 'RecordFailure'];

/** All that is planned to happen in a large enough campaign; what never did is a hole in the net. */
const PLANNED: readonly string[] = [
  ...ACTS.map((kind) => `act: ${kind}`),
  ...ROOMS.flatMap((room) =>
    [...KILLS, 'lost', 'unanswered', 'slow'].map((what) => `trouble: ${room} ${what}`),
  ),
  ...[...KILLS, 'lost', 'unanswered', 'slow'].map((what) => `trouble: backfill ${what}`),
  ...['stored', 'held', 'live', 'gone', 'left'].map((outcome) => `backfill: ${outcome}`),
  'trouble: store refused',
  ...['forget', 'code', 'damaged', 'wrong-md5', 'lag'].map((kind) => `trouble: cos ${kind}`),
  'trouble: source breaks off',
  'trouble: a request that was cut off is served',
  'trouble: a Lambda runs out of time',
  'before: older-file',
  'before: foreign-upload',
  ...STATES.map((state) => `state: ${state}`),
  'transfer: opening -> sending',
  'transfer: sending -> stored',
  'transfer: opening -> stored',
  'transfer: opening -> superseded',
  'transfer: sending -> superseded',
  'transfer: opening -> cancelled',
  'transfer: sending -> cancelled',
  'transfer: opening -> failed',
  'transfer: sending -> failed',
  'transfer: failed -> opening',
  'transfer: cancelled -> opening',
];

export const neverFired = (coverage: Coverage): string[] => PLANNED.filter((what) => !coverage.get(what));

export function table(coverage: Coverage): string {
  const names = [...new Set([...PLANNED, ...coverage.keys()])].sort();
  return names.map((what) => `${String(coverage.get(what) ?? 0).padStart(9)}  ${what}`).join('\n');
}
