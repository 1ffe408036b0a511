import * as z from 'zod';
import type { Fault } from './faults.ts';

const status = z.number().int().min(200).max(599);
const code = z.number().int();
const count = z.number().int().nonnegative();

const act = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('reset-before') }),
  z.strictObject({ kind: z.literal('reset-after') }),
  z.strictObject({ kind: z.literal('status'), status, code }),
  z.strictObject({ kind: z.literal('html'), status: status.default(502) }),
  z.strictObject({
    kind: z.literal('stall'),
    when: z.enum(['before', 'after']).default('before'),
    /** JSON has no Infinity: left out, the silence lasts until the client hangs up. */
    forMs: z.number().nonnegative().default(Infinity),
  }),
  z.strictObject({ kind: z.literal('truncated') }),
  z.strictObject({ kind: z.literal('wrong-md5') }),
  z.strictObject({ kind: z.literal('corrupt') }),
  z.strictObject({ kind: z.literal('forget-session') }),
  z.strictObject({ kind: z.literal('list-lags'), slices: count }),
  z.strictObject({ kind: z.literal('answered-with-error'), status, code }),
  z.strictObject({ kind: z.literal('duplicate') }),
]);

const order = z.strictObject({
  op: z.string().optional(),
  offset: count.optional(),
  skip: count.optional(),
  times: count.optional(),
  chance: z.number().min(0).max(1).optional(),
  act,
});

/** One fault, or several, as a client orders them in JSON. Throws with what is wrong in one line. */
export function readFaultOrders(body: string): Fault[] {
  const given = parsed(body);
  const read = z.array(order).safeParse(Array.isArray(given) ? given : [given]);
  if (!read.success) throw new BadOrder(z.prettifyError(read.error).replaceAll('\n', ' '));
  return read.data.map(withoutNothing);
}

/** What a client ordered is no fault that we know. */
export class BadOrder extends Error {
  override readonly name = 'BadOrder';
}

function withoutNothing({ op, offset, skip, times, chance, act }: z.output<typeof order>): Fault {
  return {
    ...(op !== undefined && { op }),
    ...(offset !== undefined && { offset }),
    ...(skip !== undefined && { skip }),
    ...(times !== undefined && { times }),
    ...(chance !== undefined && { chance }),
    act,
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new BadOrder('the body is not JSON');
  }
}
