import type { Config } from '../config.ts';
import { UnknownTransfer } from '../errors.ts';
import { load } from '../records/change-transfer.ts';
import type { Transfer } from '../records/transfer.ts';
import type { ApiServices } from '../services.ts';
import { reads, writes } from '../transfer/reach.ts';
import type { Caller } from './caller.ts';
import { Declined } from './declined.ts';

/** What a call does to a transfer: look at it, or act on it. */
export type Wish = 'look' | 'act';

type Facts = Pick<Transfer, 'caller' | 'source' | 'target'>;

/**
 * The transfer, for a caller who may do this to it: every call by id begins here. Throws UnknownTransfer for one that is
 * not there, out of reach or somebody else's, without saying which; Declined for one that may only be looked at.
 */
export async function loadFor(
  caller: Caller,
  id: string,
  wish: Wish,
  services: Pick<ApiServices, 'store' | 'config'>,
): Promise<Transfer> {
  const transfer = await load(services, id);
  const may = accessTo(transfer, caller, services.config);
  if (may === 'none') throw new UnknownTransfer(`no transfer ${id}`);
  if (may === 'look' && wish === 'act') throw readOnly();
  return transfer;
}

/** What this caller may do to a transfer. Lists show what is not `none`. */
export function accessTo(of: Facts, caller: Caller, config: Config): Wish | 'none' {
  const { source, target } = of;
  const inReach =
    writes(config, target.bucket, target.path) &&
    (source.kind === 'client' || reads(config, source.bucket, source.key));
  if (!inReach) return 'none';
  if (isShared(caller, config) || of.caller === caller.name) return 'act';
  // what an event began has no caller; an upload without one was begun before callers were written down
  return of.caller === undefined && source.kind === 's3' ? 'look' : 'none';
}

/** Whether this caller works together with the others: operators do, and whoever signs with IAM unless told otherwise. */
export const isShared = ({ by }: Caller, { API_ACCESS }: Config): boolean =>
  API_ACCESS === undefined ? by === 'iam' : API_ACCESS === 'shared';

const readOnly = (): Declined =>
  new Declined(
    'read-only',
    'this relay was begun by an event; you may only look at it',
    'ask an operator, or start a transfer of your own',
  );
