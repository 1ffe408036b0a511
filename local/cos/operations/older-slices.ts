import type { UploadRecord } from '../disk/records.ts';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good } from '../wire/codes.ts';
import { beginUpload } from './begin-upload.ts';
import { type Context, links } from './context.ts';
import { readFields } from './fields.ts';
import { openFields } from './slice-fields.ts';
import { putSlice } from './slices.ts';

const USUAL_SLICE_BYTES = 1024 * 1024;

/**
 * `upload_slice`, the older form, one operation for all: without content it opens an upload or says where to go on; with content it
 * stores a slice, and the one that makes the file whole closes it. There is no finish.
 */
export async function uploadSlice(context: Context, call: Call, damage: boolean): Promise<Answer> {
  if (!call.form.content?.length) return openOlder(context, call);
  const { address, form } = call;
  const file = context.store.files.get(address.bucket, address.path);
  const closed = file?.closedSession !== undefined && file.closedSession === form.fields.session;
  if (closed) return good({ session: file.closedSession, ...links(context, file) }); // its answer was lost
  return putSlice(context, call, damage);
}

async function openOlder(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(openFields, form.fields);
  const begun = await beginUpload(context, address, {
    filesize: asked.filesize,
    sliceSize: asked.slice_size ?? USUAL_SLICE_BYTES,
    sha: asked.sha,
    bizAttr: asked.biz_attr,
    insertOnly: asked.insertonly,
    older: true,
  });
  if (begun.kind === 'over') return begun.answer;
  const { upload } = begun;
  const other = begun.kind === 'unfinished' && (begun.otherSha || upload.filesize !== asked.filesize);
  if (other) return answerOf(begun.otherSha ? -4020 : -4019);
  return good({ session: upload.session, offset: nextOffset(context, upload), slice_size: upload.sliceSize });
}

/** Where the first slice is missing: this form goes through the file from there. */
function nextOffset(context: Context, upload: UploadRecord): number {
  const { held } = context.store.slices(upload);
  let offset = 0;
  while (held.has(offset)) offset += upload.sliceSize;
  return offset;
}
