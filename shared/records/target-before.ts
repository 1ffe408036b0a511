import * as z from 'zod';
import { whenUsed } from '../when-used.ts';

/**
 * A target as the version before wrote it: a bag of optional flags. Read for one retention period (`RETENTION_DAYS`) after
 * an update; each change of it is written in the form of today.
 */
const flagged = whenUsed(() =>
  z.object({
    name: z.string(),
    owner: z.object({
      transferId: z.string(),
      sourceName: z.string(),
      etag: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().optional(),
      lastModified: z.number().optional(),
      active: z.boolean(),
      leaseUntil: z.number().optional(),
      holder: z.string().optional(),
    }),
    upload: z
      .object({
        transferId: z.string(),
        session: z.string().optional(),
        serial: z.boolean().optional(),
        openedAt: z.number(),
        intended: z.boolean().optional(),
        damaged: z.boolean().optional(),
        overwrites: z.boolean().optional(),
        wrongSha: z.boolean().optional(),
        size: z.number().optional(),
        replaces: z
          .object({
            size: z.number(),
            sha1: z.string().optional(),
            createdAt: z.number().optional(),
            modifiedAt: z.number().optional(),
          })
          .optional(),
      })
      .optional(),
    stored: z
      .object({
        transferId: z.string(),
        sourceName: z.string(),
        etag: z.string().optional(),
        size: z.number(),
      })
      .optional(),
    unsure: z.boolean().optional(),
    strays: z.array(z.object({ session: z.string().optional(), size: z.number() })).optional(),
    deleted: z.boolean().optional(),
    revision: z.number().int(),
  }),
);
type Flagged = z.infer<ReturnType<typeof flagged>>;

export const targetBefore = z.lazy(() =>
  flagged().transform((from) => {
    const { active, leaseUntil, holder, ...owner } = from.owner;
    const held = leaseUntil !== undefined || holder !== undefined;
    const upload = from.upload && uploadOf(from.upload);
    const file = fileOf(from);
    return {
      name: from.name,
      owner,
      active,
      ...(held && { hold: { until: leaseUntil ?? 0, ...(holder !== undefined && { by: holder }) } }),
      ...(upload && { upload }),
      ...(file && { file }),
      orphans: from.strays ?? [],
      revision: from.revision,
    };
  }),
);

/** The attempt that sent an init was not written down then: no attempt has the number 0. */
const UNKNOWN_ATTEMPT = 0;

function uploadOf(from: NonNullable<Flagged['upload']>) {
  const { transferId, session, serial, openedAt, size = 0, replaces } = from; // no sliced upload is of 0 bytes
  const facts = {
    transferId,
    size,
    ...(replaces && { replaces }),
    overwrite: from.overwrites ?? false,
    restarted: from.wrongSha ?? false,
  };
  const recorded = session !== undefined && {
    state: from.damaged ? ('spoiled' as const) : ('open' as const),
    session,
    openedAt,
    ...(serial !== undefined && { serial }),
  };
  if (recorded && !from.intended) return { ...facts, ...recorded };
  return {
    ...facts,
    state: 'opening' as const,
    inits: [UNKNOWN_ATTEMPT],
    ...(recorded && { before: recorded }),
  };
}

function fileOf({ stored, unsure, deleted, owner }: Flagged) {
  if (unsure) return { state: 'unknown' as const };
  if (stored) return { state: 'stored' as const, ...stored };
  return deleted ? { state: 'deleted' as const, transferId: owner.transferId } : undefined;
}
