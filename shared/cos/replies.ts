import * as z from 'zod';
import type { Slice } from '../slices/slices.ts';
import { withoutSecrets } from '../told-error.ts';
import type { FileLinks } from './client.ts';

/** The id of a request, for whoever asks Tencent; empty if it is anything else than one word without a secret in it. */
export const requestIdOf = (text: string): string =>
  /^[\w+/=.:-]{1,200}$/.test(text) && withoutSecrets(text) === text ? text : '';

/** What every reply has. `code` 0 is good whatever the HTTP status says. */
export const envelope = z.object({
  code: z.coerce.number().int(),
  message: z.string().default(''),
  request_id: z.string().default('').transform(requestIdOf),
  data: z.unknown().optional(),
});

/** Offsets and lengths come as numbers or as decimal strings. */
const wholeBytes = z.coerce.number().int().nonnegative();
const positive = z.coerce.number().int().positive();

/** The address alone: what a query or a fragment adds is a signature, or nothing that a receipt should keep. */
const address = z
  .string()
  .transform((text) => text.replace(/[?#].*$/s, ''))
  .optional();

const links = { access_url: address, source_url: address, url: address };

/** A file that is there: no session, some address. */
const finished = z
  .object({ ...links, resource_path: z.string().optional(), session: z.literal('').nullish() })
  .refine((reply) => Boolean(reply.access_url ?? reply.source_url ?? reply.url ?? reply.resource_path));

/** A sha may carry a `_suffix`. */
const sha = z
  .string()
  .transform((text) => text.split('_')[0]?.toLowerCase() ?? '')
  .transform((text) => (/^[0-9a-f]{40}$/.test(text) ? text : undefined))
  .optional();

/**
 * An array, a JSON string of an array, null, or nothing. Read by hand: a schema makes every entry three times over, and
 * the list of 1 TiB has a million.
 */
const listParts = z
  .unknown()
  .optional()
  .transform((given, context): Slice[] => {
    const parts = typeof given === 'string' ? jsonOf(given) : (given ?? []);
    if (!Array.isArray(parts)) {
      context.addIssue('listparts is neither an array nor the JSON of one');
      return z.NEVER;
    }
    const slices: Slice[] = [];
    for (const part of parts) {
      const slice = sliceOf(part);
      if (slice === undefined) {
        context.addIssue(`listparts has an entry that is no slice, at ${slices.length}`);
        return z.NEVER;
      }
      slices.push(slice);
    }
    return slices;
  });

function sliceOf(part: unknown): Slice | undefined {
  if (typeof part !== 'object' || part === null || !('offset' in part && 'datalen' in part)) return undefined;
  const offset = wholeNumber(part.offset);
  const length = wholeNumber(part.datalen);
  return offset === undefined || length === undefined ? undefined : { offset, length };
}

/** Offsets and lengths come as numbers or as decimal strings. */
function wholeNumber(given: unknown): number | undefined {
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function jsonOf(text: string): unknown {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text) ?? [];
  } catch {
    return undefined; // the schema then says what is wrong
  }
}

export const openReply = z.union([
  z.object({
    session: z.string().min(1),
    slice_size: positive, // the server may overrule the size we asked for
    serial_upload: z.coerce.number().default(0),
  }),
  finished,
]);

export const listReply = z.union([
  z.object({
    session: z.string().min(1),
    filesize: wholeBytes,
    slice_size: positive,
    listparts: listParts,
    sha,
  }),
  finished,
]);

export const putReply = z.object({ datamd5: z.string().toLowerCase().optional(), ...links });

export const fileReply = z.object(links);

/** A page of `op=list` (page 436/6070). A directory has no size. */
export const folderReply = z.object({
  infos: z
    .array(
      z.object({ name: z.string().min(1), filesize: wholeBytes.optional(), filelen: wholeBytes.optional() }),
    )
    .nullish()
    .transform((infos) => infos ?? []),
  context: z
    .string()
    .nullish()
    .transform((context) => context ?? ''),
  listover: z.union([z.boolean(), z.coerce.number().transform((over) => over !== 0)]).default(true),
});

export const statReply = z.object({
  filesize: wholeBytes,
  filelen: wholeBytes.optional(),
  sha,
  ctime: z.coerce.number().optional(),
  mtime: z.coerce.number().optional(),
  custom_headers: z.record(z.string(), z.string()).optional().catch(undefined), // shown as it pleases, or not at all
  ...links,
});

export function toLinks(reply: z.infer<typeof fileReply>): FileLinks {
  return {
    ...(reply.access_url !== undefined && { accessUrl: reply.access_url }),
    ...(reply.source_url !== undefined && { sourceUrl: reply.source_url }),
    ...(reply.url !== undefined && { url: reply.url }),
  };
}
