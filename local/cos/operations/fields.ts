import * as z from 'zod';
import { Refused } from '../wire/codes.ts';

/** Multipart knows only text and JSON clients send numbers: both are taken. */
export const wholeNumber = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^\d{1,16}$/, 'not a whole number')
      .transform(Number),
  ])
  .pipe(z.number().int().nonnegative());

export const sha1Hex = z
  .string()
  .regex(/^[0-9a-f]{40}$/i, 'not a SHA-1 in hex')
  .transform((text) => text.toLowerCase());

/** What an SDK of a language without missing values writes for one: it counts as not sent. */
const NOTHING: readonly unknown[] = ['', null, 'null', 'undefined'];

export const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (NOTHING.includes(value) ? undefined : value), schema.optional());

/** 0 or 1, as a number, as text or as a word: SDKs write what their language has. */
export const flag = z
  .union([z.boolean(), z.number(), z.string()])
  .transform((value) => String(value).trim().toLowerCase())
  .pipe(z.enum(['0', '1', 'false', 'true'], 'neither 0 nor 1'))
  .transform((value) => value === '1' || value === 'true');

/** `insertOnly`: 1, the default, fails if the file exists; 0 overwrites. */
export const insertOnly = optional(flag).transform((value) => value ?? true);

export const bizAttr = z.string().default('');

/** The fields in the shape the operation wants, or -5999 naming the first that is wrong. */
export function readFields<T extends z.ZodType>(schema: T, fields: unknown): z.output<T> {
  const read = schema.safeParse(fields);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  throw new Refused(-5999, `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'bad'}`);
}
