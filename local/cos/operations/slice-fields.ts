import * as z from 'zod';
import { bizAttr, insertOnly, optional, sha1Hex, wholeNumber } from './fields.ts';

const filesize = wholeNumber.refine((size) => size > 0, 'an empty file goes through op=upload');

export const initFields = z.object({
  filesize,
  slice_size: wholeNumber,
  sha: optional(sha1Hex),
  uploadparts: optional(z.unknown()),
  biz_attr: bizAttr,
  insertonly: insertOnly,
});

export const dataFields = z.object({
  session: z.string().min(1),
  offset: wholeNumber,
  sha: optional(sha1Hex),
  datamd5: optional(z.string().transform((text) => text.toLowerCase())),
});

export const finishFields = z.object({
  session: z.string().min(1),
  filesize: wholeNumber,
  sha: optional(sha1Hex),
});

/** `op=upload_slice` without content: what opens an upload of the older form. */
export const openFields = z.object({
  filesize,
  slice_size: optional(wholeNumber),
  sha: optional(sha1Hex),
  biz_attr: bizAttr,
  insertonly: insertOnly,
});
