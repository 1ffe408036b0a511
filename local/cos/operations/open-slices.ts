import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { type FileRecord, newFile, type UploadRecord } from '../disk/records.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { type Context, lockKey, needFilePath, needParent, nowSeconds, urls } from './context.ts';
import { initFields, readFields } from './fields.ts';

type Asked = z.output<typeof initFields>;
type Place = { readonly bucket: string; readonly path: string };

/** `upload_slice_init`: a new session, an instant upload, or the reason why neither. */
export async function openSlices(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(initFields, form.fields);
  needFilePath(address);
  if (!context.behaviour.sliceSizes.includes(asked.slice_size)) throw new Refused(-284);
  checkSha(asked);
  return context.lock.alone(lockKey(address), async () => {
    needParent(context, address);
    const { store } = context;
    if (asked.insertonly && store.files.get(address.bucket, address.path)) return answerOf(-177);
    const unfinished = store.uploads.get(address.bucket, address.path);
    if (unfinished) return answerOf(isOtherSha(unfinished.sha, asked.sha) ? -4020 : -4019);
    const twin = asked.sha && sameContent(context, address.bucket, asked.sha, asked.filesize);
    if (twin) return instantly(context, address, twin, asked);
    return newSession(context, address, asked);
  });
}

function checkSha({ sha, uploadparts, filesize, slice_size }: Asked): void {
  if (sha === undefined && uploadparts === undefined) return;
  if (sha === undefined) throw new Refused(-5965, 'uploadparts without sha');
  checkUploadParts(uploadparts, { filesize, sliceSize: slice_size, sha });
}

/** "same `sha`, or none was given": only two that are known can differ. */
const isOtherSha = (held: string | undefined, given: string | undefined): boolean =>
  held !== undefined && given !== undefined && held !== given;

function sameContent(context: Context, bucket: string, sha: string, size: number): FileRecord | undefined {
  for (const file of context.store.files.all()) {
    if (file.sha === sha && file.size === size && file.bucket === bucket) return file;
  }
  return undefined;
}

/** Instant upload: a second name for bytes that are here already, and no session. */
async function instantly(
  context: Context,
  { bucket, path }: Place,
  twin: FileRecord,
  asked: Asked,
): Promise<Answer> {
  const dataId = randomBytes(32).toString('hex');
  await context.store.shareData(twin.dataId, dataId);
  await context.store.placeFile({
    ...newFile(bucket, path, nowSeconds(context)),
    dataId,
    size: twin.size,
    sha: twin.sha,
    bizAttr: asked.biz_attr,
  });
  return good(urls(context, { bucket, path }));
}

async function newSession(context: Context, { bucket, path }: Place, asked: Asked): Promise<Answer> {
  const { grantSliceSize, serialUpload } = context.behaviour;
  const upload: UploadRecord = {
    bucket,
    path,
    session: randomBytes(32).toString('hex'),
    filesize: asked.filesize,
    sliceSize: grantSliceSize ?? asked.slice_size,
    ...(asked.sha && { sha: asked.sha }),
    insertOnly: asked.insertonly,
    serial: serialUpload,
    bizAttr: asked.biz_attr,
    ctime: nowSeconds(context),
  };
  await context.store.openUpload(upload);
  return good({
    session: upload.session,
    slice_size: upload.sliceSize,
    ...(serialUpload && { serial_upload: 1 }),
  });
}

const uploadParts = z
  .array(
    z.object({
      offset: z.number().int(),
      datalen: z.number().int().positive(),
      datasha: z.string().regex(/^[0-9a-f]{40}$/),
    }),
  )
  .min(1);

type Promised = { readonly filesize: number; readonly sliceSize: number; readonly sha: string };

/**
 * Throws -5965 unless the parts lie end to end over the whole file, are cut at `sliceSize`, and the last
 * chaining state is the file's SHA-1.
 */
function checkUploadParts(given: unknown, { filesize, sliceSize, sha }: Promised): void {
  const parts = read(given);
  let end = 0;
  for (const part of parts) {
    if (part.offset !== end) throw new Refused(-5965, `uploadparts: a gap or overlap at ${end}`);
    if (part.datalen !== Math.min(sliceSize, filesize - end)) {
      throw new Refused(-5965, `uploadparts: wrong datalen at ${end}`);
    }
    end += part.datalen;
  }
  if (end !== filesize) throw new Refused(-5965, 'uploadparts: the file is not covered');
  if (parts.at(-1)?.datasha !== sha) throw new Refused(-5965, 'uploadparts: the last datasha is not sha');
}

function read(given: unknown): z.output<typeof uploadParts> {
  const result = uploadParts.safeParse(typeof given === 'string' ? parsed(given) : given);
  if (!result.success) throw new Refused(-5965, 'uploadparts is not an array of offset, datalen, datasha');
  return result.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
