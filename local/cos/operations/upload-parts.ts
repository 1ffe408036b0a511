import * as z from 'zod';
import { Refused } from '../wire/codes.ts';

const uploadParts = z
  .array(
    z.object({
      offset: z.coerce.number().int(),
      datalen: z.coerce.number().int().positive(),
      datasha: z.string().regex(/^[0-9a-f]{40}$/),
    }),
  )
  .min(1);

export type Promised = { readonly filesize: number; readonly sliceSize: number; readonly sha: string };

/**
 * Throws -5965 unless the parts lie end to end over the whole file, are cut at `sliceSize`, and the last
 * chaining state is the file's SHA-1.
 */
export function checkUploadParts(given: unknown, { filesize, sliceSize, sha }: Promised): void {
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
