import * as z from 'zod';
import { pathProblem } from '../cos/target.ts';
import { SLICE_SIZES } from '../slices/slices.ts';

/** Larger than any slice, and 4 MiB in base64: within what Lambda takes. In bytes. */
export const SLICE_MAX = 3_145_728;

const KEY_MAX = 1_024;

export const bytes = z.int().nonnegative();
export const at = z.int().meta({ description: 'Milliseconds since the epoch' });
export const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'must be a bucket name');
export const sha1 = z
  .string()
  .regex(/^[0-9a-fA-F]{40}$/, 'must be a SHA-1 in hex')
  .transform((text) => text.toLowerCase());

export const key = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) <= KEY_MAX, `must be at most ${KEY_MAX} bytes of UTF-8`)
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  .refine((text) => !/[\u0000-\u001f\u007f]/.test(text), 'must not contain control characters')
  .refine((text) => !text.split('/').includes('..'), 'must not have a ".." segment')
  .meta({
    maxLength: KEY_MAX,
    description: 'At most 1,024 bytes of UTF-8, no control characters, no ".." segment',
  });

export const path = z
  .string()
  .max(4_096)
  .superRefine((text, context) => {
    const problem = pathProblem(text);
    if (problem !== undefined) context.addIssue(`COS cannot hold it: ${problem}`);
  })
  .meta({ description: 'Plain text without a leading slash' });

export const sliceSize = z.literal([...SLICE_SIZES]).meta({ description: 'In bytes; COS may overrule it' });

export const id = z.string().min(1).max(128).meta({ description: 'The id of the transfer' });

export const idempotencyKey = z
  .string()
  .regex(/^[\u0020-\u007e]{1,255}$/, 'must be 1 to 255 printable ASCII characters')
  .meta({ description: 'The same key gives the same transfer' });

type Rendered = { jsonSchema: Record<string, unknown> };

/** A query is text, and the document says what the text must be: the type alone, with its limits. */
function shownAs(rendered: Record<string, unknown>, schema: Readonly<Record<string, unknown>>): void {
  for (const name of ['type', 'pattern', 'enum']) delete rendered[name];
  Object.assign(rendered, schema);
}

export const decimal = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be from ${least} to ${most}`)
    .meta({
      override: ({ jsonSchema }: Rendered) =>
        shownAs(jsonSchema, { type: 'integer', minimum: least, maximum: most }),
    });

export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .meta({ override: ({ jsonSchema }: Rendered) => shownAs(jsonSchema, { type: 'boolean' }) });

export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be the cursor of the page before')
  .meta({ description: '`next` of the page before, with the same filters' });

export const prefix = z.string().min(1).max(KEY_MAX);
