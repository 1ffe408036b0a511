import { transferId } from '../../shared/records/transfer.ts';
import { destinationOf } from '../../shared/transfer/destination.ts';
import type { Wired } from '../../shared/wiring/wiring.ts';
import { say } from '../command.ts';
import type { DroppedObject } from '../s3/drop/dropped-object.ts';
import { printable } from '../terminal/columns.ts';
import { NOTHING_SENT } from './report.ts';

/** So many at once are told by their names; more are counted. */
const NAMED = 3;
/** Files that are found together are told together, in ms. */
const QUIET_MS = 500;

/** How this very version of a file ended after an earlier drop, if its event changes nothing now: nothing else tells of it. */
export async function endedBefore(
  object: DroppedObject,
  { config, store }: Pick<Wired, 'config' | 'store'>,
): Promise<'stored' | 'cancelled' | 'superseded' | undefined> {
  const { target } = destinationOf(config, object.key);
  const known = await store.get(transferId({ kind: 's3', lastModified: 0, ...object }, target));
  switch (known?.state) {
    case 'stored':
    case 'cancelled':
    case 'superseded':
      return known.state;
    case 'opening':
    case 'sending':
    case 'failed': // begins again
    case undefined:
      return undefined;
  }
}

/** What is said of those that are not stored. */
export const LEFT = {
  cancelled: 'cancelled  {key}: it was cancelled, nothing is sent; the page begins it again',
  superseded: 'superseded {key}: a newer version took its place, nothing is sent',
} as const;

/** Tells of files that are stored already: a few by their names, as many as lie there at a start by one line. */
export function openStoredAlready(
  tell: (line: string) => void = say,
  quietMs = QUIET_MS,
): (key: string) => void {
  let keys: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  const tellAll = (): void => {
    const told = keys;
    keys = [];
    if (told.length > NAMED) tell(`stored    ${told.length} files are ${NOTHING_SENT}`);
    else for (const key of told) tell(`stored    ${printable(key)}: ${NOTHING_SENT}`);
  };
  return (key) => {
    keys.push(key);
    clearTimeout(timer);
    timer = setTimeout(tellAll, quietMs).unref();
  };
}
