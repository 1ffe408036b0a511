import type { Config } from '../config.ts';
import type { RelayParts } from './parts.ts';
import type { Machine } from './start-transfer.ts';

/** What a call of the API may use besides the parts of a step. */
export type ApiParts = RelayParts & { readonly config: Config; readonly machine: Machine };
