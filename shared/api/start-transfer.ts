import { hash } from 'node:crypto';
import { type CosTarget, pathProblem, targetName } from '../cos/target.ts';
import { BadInput } from '../errors.ts';
import type { S3Origin } from '../records/source-version.ts';
import { sourceName } from '../records/target-record.ts';
import { isActive, type Transfer } from '../records/transfer.ts';
import type { ApiServices, StepTime } from '../services.ts';
import { destinationOf } from '../transfer/destination.ts';
import { registerTransfer, restarted, startMachine } from '../transfer/register-transfer.ts';
import { mayRead, mayWrite } from './allowed-places.ts';
import { show } from './get-transfer.ts';
import { type RequestKey, recall, remember, requestKey } from './idempotency.ts';
import { openClientUpload } from './open-client-upload.ts';
import type { ClientRequest, S3Request, StartInput, TransferView } from './schemas.ts';

/**
 * Starts the relay of an S3 object, or opens an upload that the client drives. The same request, or the same
 * Idempotency-Key, names the same transfer; one that failed or was cancelled is begun again.
 */
export async function requestTransfer(
  { caller, headers, body }: StartInput,
  services: ApiServices,
  time: StepTime,
): Promise<TransferView> {
  const given = headers['idempotency-key'];
  const key = given === undefined ? undefined : requestKey(caller, given, body);
  const known = key && (await repeated(key, services));
  const transfer = known ?? (await made(body, key, services, time));
  if (transfer.source.kind === 'client')
    return show(await openClientUpload(transfer, services, time), services);
  await startMachine(transfer, services.machine);
  return show(transfer, services);
}

async function repeated(key: RequestKey, services: ApiServices): Promise<Transfer | undefined> {
  const id = await recall(key, services);
  const transfer = id === undefined ? undefined : await services.store.get(id);
  return transfer && restarted(transfer, services);
}

async function made(
  body: StartInput['body'],
  key: RequestKey | undefined,
  services: ApiServices,
  time: StepTime,
): Promise<Transfer> {
  const transfer =
    'source' in body ? await relayOf(body, services, time) : await uploadOf(body, key, services);
  if (!key) return transfer;
  const winner = await remember(key, transfer.id, services);
  return winner === transfer.id ? transfer : ((await services.store.get(winner)) ?? transfer);
}

async function relayOf(body: S3Request, services: ApiServices, time: StepTime): Promise<Transfer> {
  const preset = destinationOf(services.config, body.source.key);
  const target = { ...preset.target, ...defined(body.target) };
  const problem = pathProblem(target.path);
  if (problem) {
    throw new BadInput(`body.source.key: COS cannot hold ${JSON.stringify(target.path)}: ${problem}`, {
      wayOut: 'give a target.path',
    });
  }
  mayRead(services.config, body.source.bucket, body.source.key);
  mayWrite(services.config, target.bucket, target.path);
  const { object } = await services.source.pin(body.source, time.signal);
  const source: S3Origin = { kind: 's3', ...object };
  const running = await underWay(source, target, services);
  if (running) return running;
  const options = { ...preset.options, ...defined(body.options) };
  return registerTransfer(source, target, options, services, { restart: true });
}

/** The running transfer of this very version: an event may have started it under a name of its own. */
async function underWay(
  source: S3Origin,
  target: CosTarget,
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
  return transfer && isActive(transfer) ? transfer : undefined;
}

async function uploadOf(
  body: ClientRequest,
  key: RequestKey | undefined,
  services: ApiServices,
): Promise<Transfer> {
  const preset = destinationOf(services.config, body.target.path);
  const target = { ...preset.target, ...defined(body.target) };
  mayWrite(services.config, target.bucket, target.path);
  const source = {
    kind: 'client',
    key: key?.name ?? hash('sha256', JSON.stringify(body)),
    size: body.size,
    ...(body.sha1 !== undefined && { sha1: body.sha1 }),
  } as const;
  // Every slice passes through the API, so each can be asked for a confirmed MD5: nothing less counts as held.
  const options = {
    ...preset.options,
    trustListed: 'verified',
    ...defined(body.options),
    integrity: 'md5',
    sliceSize: body.sliceSize ?? preset.options.sliceSize,
  } as const;
  return registerTransfer(source, target, options, services, { restart: true });
}

/** What was given, without the fields that were not. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }; // fromEntries forgets the names
}
