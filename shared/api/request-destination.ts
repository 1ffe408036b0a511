import type { Config } from '../config.ts';
import { pathProblem } from '../cos/target.ts';
import { BadInput } from '../errors.ts';
import { type Destination, destinationOf } from '../transfer/destination.ts';
import { mayRead, mayWrite } from './allowed-places.ts';
import type { ClientRequest, S3Request } from './request-schemas.ts';

/** Throws BadInput for a path COS cannot hold, Declined for places out of reach. */
export function relayDestination(
  { source, target: wanted, options }: S3Request,
  config: Config,
): Destination {
  const preset = destinationOf(config, source.key);
  const target = { ...preset.target, ...defined(wanted) };
  const problem = pathProblem(target.path);
  if (problem) {
    throw new BadInput(`body.source.key: COS cannot hold ${JSON.stringify(target.path)}: ${problem}`, {
      wayOut: 'give a target.path',
    });
  }
  mayRead(config, source.bucket, source.key);
  mayWrite(config, target.bucket, target.path);
  return { target, options: { ...preset.options, ...defined(options) } };
}

/** Throws Declined for a place out of reach. */
export function uploadDestination(body: ClientRequest, config: Config): Destination {
  const preset = destinationOf(config, body.target.path);
  const target = { ...preset.target, ...defined(body.target) };
  mayWrite(config, target.bucket, target.path);
  // Every slice passes through the API, so each can be asked for a confirmed MD5: nothing less counts as held.
  const options = {
    ...preset.options,
    trustListed: 'verified',
    ...defined(body.options),
    integrity: 'md5',
    sliceSize: body.sliceSize ?? preset.options.sliceSize,
  } as const;
  return { target, options };
}

/** What was given, without the fields that were not. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }; // fromEntries forgets the names
}
