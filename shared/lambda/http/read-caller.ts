import * as z from 'zod';
import type { Caller } from '../../api/caller.ts';

/** API Gateway vouches for none, or for somebody without a name that lasts. */
export class UnknownCaller extends Error {
  override readonly name = 'UnknownCaller';
}

/** What the authorizers of an HTTP API put into the event; nothing a client sends gets there. */
const identity = z.union([
  z.object({ iam: z.object({ userArn: z.string().min(1) }) }),
  z.object({ jwt: z.object({ claims: z.object({ iss: z.string().min(1), sub: z.string().min(1) }) }) }),
]);

/**
 * The caller under a name that is the same in each of its sessions: the role without its session, or a token's issuer and
 * subject. Throws UnknownCaller.
 */
export function readCaller(authorizer: unknown): Caller {
  const read = identity.safeParse(authorizer);
  if (!read.success)
    throw new UnknownCaller('the call carries no identity: neither IAM nor a token with `sub`');
  if ('iam' in read.data) return { by: 'iam', name: `iam ${withoutSession(read.data.iam.userArn)}` };
  const { iss, sub } = read.data.jwt.claims;
  return { by: 'token', name: `token ${JSON.stringify([iss, sub])}` };
}

/** `arn:aws:sts::1:assumed-role/Role/session` names one session of a role: the role is who asks. */
const withoutSession = (arn: string): string =>
  arn.replace(/^(arn:[^:]+:sts::\d+:assumed-role\/[^/]+)\/.*$/s, '$1');
