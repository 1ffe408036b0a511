import type * as z from 'zod';
import type { Call } from '../wire/call.ts';
import { type Answer, answerOf, good, Refused } from '../wire/codes.ts';
import { beginUpload } from './begin-upload.ts';
import type { Context } from './context.ts';
import { readFields } from './fields.ts';
import { initFields } from './slice-fields.ts';
import { checkUploadParts } from './upload-parts.ts';

/** `upload_slice_init`: a new session, an instant upload, or the reason why neither. */
export async function openSlices(context: Context, { address, form }: Call): Promise<Answer> {
  const asked = readFields(initFields, form.fields);
  checkSha(asked);
  const begun = await beginUpload(context, address, {
    filesize: asked.filesize,
    sliceSize: asked.slice_size,
    sha: asked.sha,
    bizAttr: asked.biz_attr,
    insertOnly: asked.insertonly,
    older: false,
  });
  switch (begun.kind) {
    case 'over':
      return begun.answer;
    case 'unfinished':
      return answerOf(begun.otherSha ? -4020 : -4019);
    case 'session': {
      const { session, sliceSize, serial } = begun.upload;
      return good({ session, slice_size: sliceSize, ...(serial && { serial_upload: 1 }) });
    }
  }
}

function checkSha({ sha, uploadparts, filesize, slice_size }: z.output<typeof initFields>): void {
  if (sha === undefined && uploadparts === undefined) return;
  if (sha === undefined) throw new Refused(-5965, 'uploadparts without sha');
  checkUploadParts(uploadparts, { filesize, sliceSize: slice_size, sha });
}
