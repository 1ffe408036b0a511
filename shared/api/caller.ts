import * as z from 'zod';

/** Who asks, as API Gateway vouches for: a name that is the same from call to call, and how it was proven. */
export type Caller = { readonly name: string; readonly by: 'iam' | 'token' };

/** Filled in by whoever read the request; nothing a client sends gets there. */
export const caller = z.custom<Caller>((given) => given !== undefined, 'is not known');
