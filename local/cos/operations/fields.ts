import * as z from 'zod';
import { Refused } from '../wire/codes.ts';

/** Multipart knows only text and JSON clients send numbers: both are taken. */
const wholeNumber = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^\d{1,16}$/, 'not a whole number')
      .transform(Number),
  ])
  .pipe(z.number().int().nonnegative());
const sha = z
  .string()
  .regex(/^[0-9a-f]{40}$/i, 'not a SHA-1 in hex')
  .transform((text) => text.toLowerCase());
/** A field that is sent but empty counts as not sent. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), schema.optional());
const insertOnly = optional(z.coerce.string().pipe(z.enum(['0', '1']))).transform((value) => value !== '0');
const bizAttr = z.string().default('');

export const initFields = z.object({
  filesize: wholeNumber.refine((size) => size > 0, 'an empty file goes through op=upload'),
  slice_size: wholeNumber,
  sha: optional(sha),
  uploadparts: optional(z.unknown()),
  biz_attr: bizAttr,
  insertonly: insertOnly,
});

export const dataFields = z.object({
  session: z.string().min(1),
  offset: wholeNumber,
  sha: optional(sha),
  datamd5: optional(z.string().transform((text) => text.toLowerCase())),
});

export const finishFields = z.object({
  session: z.string().min(1),
  filesize: wholeNumber,
  sha: optional(sha),
});

export const uploadFields = z.object({
  sha: optional(sha),
  biz_attr: bizAttr,
  insertonly: insertOnly,
});

export const createFields = z.object({ biz_attr: bizAttr });

export const listFields = z.object({
  num: optional(wholeNumber.refine((num) => num > 0 && num < 1000, 'num is 1 to 999')),
  context: optional(z.string()),
  prefix: optional(z.string()),
});

const HEADER_NAME = /^(content-type|cache-control|content-disposition|content-language|x-cos-meta-[\w-]+)$/i;
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'not a header value');

export const updateFields = z.object({
  custom_headers: z
    .record(z.string().regex(HEADER_NAME, 'a header that may not be set'), headerValue)
    .optional(),
  authority: z.string().optional(),
  biz_attr: z.string().optional(),
});

/** The fields in the shape the operation wants, or -5999 naming the first that is wrong. */
export function readFields<T extends z.ZodType>(schema: T, fields: unknown): z.output<T> {
  const read = schema.safeParse(fields);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new Refused(-5999, `${issue?.path.join('.') ?? 'request'}: ${issue?.message ?? 'bad'}`);
}
