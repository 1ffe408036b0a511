import { randomBytes } from 'node:crypto';
import type * as z from 'zod';
import type { Call } from './call.ts';
import { type Answer, answerOf, good, Refused } from './codes.ts';
import { type Desk, lockKey, needFilePath, needParent, nowSeconds, urls } from './desk.ts';
import { initFields, readFields } from './fields.ts';
import { type FileRecord, newFile, type UploadRecord } from './records.ts';
import { checkUploadParts } from './upload-parts.ts';

type Asked = z.output<typeof initFields>;
type Place = { readonly bucket: string; readonly path: string };

/** `upload_slice_init`: a new session, an instant upload, or the reason why neither. */
export async function openSlices(desk: Desk, { address, form }: Call): Promise<Answer> {
  const asked = readFields(initFields, form.fields);
  needFilePath(address);
  if (!desk.manners.sliceSizes.includes(asked.slice_size)) throw new Refused(-284);
  checkSha(asked);
  return desk.lock.alone(lockKey(address), async () => {
    needParent(desk, address);
    const { store } = desk;
    if (asked.insertonly && store.files.get(address.bucket, address.path)) return answerOf(-177);
    const unfinished = store.uploads.get(address.bucket, address.path);
    if (unfinished) return answerOf(isOtherSha(unfinished.sha, asked.sha) ? -4020 : -4019);
    const twin = asked.sha && sameContent(desk, address.bucket, asked.sha, asked.filesize);
    if (twin) return instantly(desk, address, twin, asked);
    return newSession(desk, address, asked);
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

function sameContent(desk: Desk, bucket: string, sha: string, size: number): FileRecord | undefined {
  for (const file of desk.store.files.all()) {
    if (file.sha === sha && file.size === size && file.bucket === bucket) return file;
  }
  return undefined;
}

/** Instant upload: a second name for bytes that are here already, and no session. */
async function instantly(
  desk: Desk,
  { bucket, path }: Place,
  twin: FileRecord,
  asked: Asked,
): Promise<Answer> {
  const dataId = randomBytes(32).toString('hex');
  await desk.store.shareData(twin.dataId, dataId);
  await desk.store.placeFile({
    ...newFile(bucket, path, nowSeconds(desk)),
    dataId,
    size: twin.size,
    sha: twin.sha,
    bizAttr: asked.biz_attr,
  });
  return good(urls(desk, { bucket, path }));
}

async function newSession(desk: Desk, { bucket, path }: Place, asked: Asked): Promise<Answer> {
  const { grantSliceSize, serialUpload } = desk.manners;
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
    ctime: nowSeconds(desk),
  };
  await desk.store.openUpload(upload);
  return good({
    session: upload.session,
    slice_size: upload.sliceSize,
    ...(serialUpload && { serial_upload: 1 }),
  });
}
