import type { CosFile } from '../cos/client.ts';
import type { Receipt } from '../records/receipt.ts';
import type { SourceMetadata } from '../records/source-version.ts';
import type { Opening, Sending } from '../records/transfer.ts';
import type { Services, StepTime } from '../services.ts';
import { told } from '../told-error.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Gives readers in COS the headers they would get from S3 (op=update). Headers that COS does not take are named, the
 * others are set. No request goes out when the file has them already.
 */
export async function copyMetadata(
  { id, target, metadata }: Opening | Sending,
  file: CosFile,
  services: Services,
  time: StepTime,
): Promise<Receipt['metadata']> {
  if (!metadata) return undefined;
  const wanted = wantedHeaders(metadata, file.headers ?? {});
  const names = Object.keys(wanted);
  if (names.length === 0) return undefined;
  if (hasAll(file.headers ?? {}, wanted)) return { set: names, refused: [] };

  const takes = async (headers: Headers) => {
    const answer = await services.cos.update(target, headers, time.signal);
    if (answer.kind === 'updated') return true;
    const { message, cosCode, requestId } = told(answer.error);
    services.log.warn('COS refused headers', { transferId: id, reason: message, cosCode, requestId });
    return false;
  };
  if (await takes(wanted)) return { set: names, refused: [] };
  const { 'Content-Encoding': encoding, ...plain } = wanted; // the one that COS v4 does not document
  if (encoding !== undefined && Object.keys(plain).length > 0 && (await takes(plain)))
    return { set: Object.keys(plain), refused: ['Content-Encoding'] };
  return oneByOne(wanted, takes);
}

/** What S3 calls an object whose type nobody told; COS does much the same, so it is not worth a request. */
const UNTOLD_TYPES: readonly (string | undefined)[] = [
  undefined,
  'binary/octet-stream',
  'application/octet-stream',
];

/** The headers to be set; none if the file's own are right without. */
function wantedHeaders(metadata: SourceMetadata, present: Headers): Headers {
  const named = {
    'Cache-Control': metadata.cacheControl,
    'Content-Disposition': metadata.contentDisposition,
    'Content-Language': metadata.contentLanguage,
    'Content-Encoding': metadata.contentEncoding,
    ...Object.fromEntries(metadata.user.map(([name, value]) => [`x-cos-meta-${name}`, value])),
  };
  const special = Object.entries(named).filter(([, value]) => value !== undefined && value !== '');
  const stale = Object.keys(present).some((name) => name.toLowerCase() !== 'content-type'); // of a file that was there
  if (special.length === 0 && !stale && UNTOLD_TYPES.includes(metadata.contentType)) return {};
  const type = metadata.contentType ?? (stale ? 'application/octet-stream' : undefined);
  return Object.fromEntries([...(type === undefined ? [] : [['Content-Type', type]]), ...special]);
}

function hasAll(present: Headers, wanted: Headers): boolean {
  const there = new Map(Object.entries(present).map(([name, value]) => [name.toLowerCase(), value]));
  there.set('content-type', there.get('content-type') ?? '');
  const asked = Object.entries(wanted);
  const extra = there.size > asked.length + ('Content-Type' in wanted ? 0 : 1);
  return !extra && asked.every(([name, value]) => there.get(name.toLowerCase()) === value);
}

/** An update replaces all headers, so each try carries what was taken before it. */
async function oneByOne(
  wanted: Headers,
  takes: (headers: Headers) => Promise<boolean>,
): Promise<NonNullable<Receipt['metadata']>> {
  let taken: Headers = {};
  const refused: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const more = { ...taken, [name]: value };
    if (await takes(more)) taken = more;
    else refused.push(name);
  }
  return { set: Object.keys(taken), refused };
}
