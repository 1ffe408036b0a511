import { hash } from 'node:crypto';
import { targetName } from '../cos/target.ts';
import { TargetBusy } from '../errors.ts';
import type { S3Origin } from '../records/source-version.ts';
import { sourceName } from '../records/target-record.ts';
import { type Beginner, isActive, type Transfer, transferId } from '../records/transfer.ts';
import { mustBeReadable } from '../relay/must-be-readable.ts';
import type { ApiServices, StepTime } from '../services.ts';

import { beginKnownWithin } from '../transfer/begin-within.ts';
import type { Destination } from '../transfer/destination.ts';
import { assertFits, registerTransfer, restarted, startMachine } from '../transfer/register-transfer.ts';
import { accessTo, isShared, loadFor } from './access.ts';
import type { Caller } from './caller.ts';

import { show } from './get-transfer.ts';
import { type RequestKey, recall, remember, requestKey } from './idempotency.ts';
import { openClientUpload } from './open-client-upload.ts';
import { relayDestination, uploadDestination } from './request-destination.ts';
import type { ClientRequest, S3Request, StartInput } from './request-schemas.ts';
import type { TransferView } from './views.ts';

/** A request of a caller, with where it leads. */
type Asked = { readonly caller: Caller; readonly key: RequestKey | undefined; readonly to: Destination };

/**
 * Starts the relay of an S3 object, or opens an upload that the client drives. The same request, or the same
 * Idempotency-Key, names the same transfer; one that failed or was cancelled is begun again.
 */
export async function requestTransfer(
  { caller, headers, body }: StartInput,
  services: ApiServices,
  time: StepTime,
): Promise<TransferView> {
  const to =
    'source' in body ? relayDestination(body, services.config) : uploadDestination(body, services.config);
  const given = headers['idempotency-key'];
  const key = given === undefined ? undefined : requestKey(caller.name, given, body);
  const asked = { caller, key, to };
  const known = key && (await repeated(caller, key, services));
  const transfer =
    known ??
    ('source' in body
      ? await beginRelay(body, asked, services, time)
      : await beginUpload(body, asked, services));
  if (transfer.source.kind === 'client')
    return show(await openClientUpload(transfer, services, time), services);
  await startMachine(transfer, services.machine);
  return show(transfer, services);
}

async function repeated(
  caller: Caller,
  key: RequestKey,
  services: ApiServices,
): Promise<Transfer | undefined> {
  const id = await recall(key, services);
  if (id === undefined || !(await services.store.get(id))) return undefined; // whoever wrote the key died at once
  const known = await loadFor(caller, id, 'look', services);
  await beginKnownWithin(services, id, known.source);
  return restarted(known, services);
}

async function beginRelay(
  body: S3Request,
  asked: Asked,
  services: ApiServices,
  time: StepTime,
): Promise<Transfer> {
  const { object } = mustBeReadable(await services.source.pin(body.source, time.signal));
  const source: S3Origin = { kind: 's3', ...object };
  // who was given no answer asks again: what that request wrote down may still want its machine
  const own = await services.store.get(
    transferId(source, asked.to.target, await beginner(asked.caller, services)),
  );
  if (own && isActive(own)) return own;
  const running = await underWay(source, asked, services);
  return running ?? begin(source, asked, services);
}

const beginUpload = (body: ClientRequest, asked: Asked, services: ApiServices): Promise<Transfer> =>
  begin(
    {
      kind: 'client',
      key: asked.key?.name ?? nameOf(body, asked.caller, services),
      size: body.size,
      ...(body.sha1 !== undefined && { sha1: body.sha1 }),
    },
    asked,
    services,
  );

/** Two strangers who ask for the same do not mean the same file: one must not supersede the other. */
const nameOf = (body: ClientRequest, caller: Caller, { config }: ApiServices): string =>
  hash('sha256', JSON.stringify(isShared(caller, config) ? body : [caller.name, body]));

/** The key is written first: who dies in between leaves a key without a transfer, never a transfer that nobody works on. */
async function begin(
  source: Transfer['source'],
  { caller, key, to: { target, options } }: Asked,
  services: ApiServices,
): Promise<Transfer> {
  assertFits(source, services);
  const begunBy = await beginner(caller, services);
  const id = transferId(source, target, begunBy);
  const winner = key ? await remember(key, id, services) : id;
  const other = winner === id ? undefined : await services.store.get(winner);
  if (other) return other;
  await beginKnownWithin(services, id, source);
  return registerTransfer(source, { target, options }, services, { restart: true, begunBy });
}

/** Strangers get ids of their own that nobody can compute. */
const beginner = async (caller: Caller, { store, config }: ApiServices): Promise<Beginner> =>
  isShared(caller, config) ? { caller: caller.name } : { caller: caller.name, seal: await store.seal() };

/**
 * The running transfer of this very version: an event may have started it under a name of its own. Throws TargetBusy if a
 * stranger did: beginning another one would end theirs.
 */
async function underWay(
  source: S3Origin,
  { caller, to: { target } }: Asked,
  services: ApiServices,
): Promise<Transfer | undefined> {
  const { owner, active } = (await services.store.getTarget(targetName(target))) ?? {};
  const same =
    active &&
    owner &&
    owner.sourceName === sourceName(source) &&
    owner.etag === source.etag &&
    owner.versionId === source.versionId &&
    owner.lastModified === source.lastModified;
  const transfer = same ? await services.store.get(owner.transferId) : undefined;
  if (!transfer || !isActive(transfer)) return undefined;
  if (accessTo(transfer, caller, services.config) !== 'none') return transfer;
  throw new TargetBusy(`${target.bucket}/${target.path} is being written by another caller`);
}
