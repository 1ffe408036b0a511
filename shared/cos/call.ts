import type * as z from 'zod';
import { CosRefused, CosUnavailable } from '../errors.ts';
import { type Clock, type EpochSeconds, toSeconds } from '../time.ts';
import { VERSION } from '../version.ts';
import { meaningOf } from './codes.ts';
import type { Form } from './form.ts';
import { envelope, requestIdOf } from './replies.ts';
import { type CosCredentials, NONCE_MAX, signMultiEffect, signSingleEffect } from './signature.ts';
import { type CosTarget, requestPath } from './target.ts';
import type { HttpAnswer, Transport } from './transport.ts';

export type CosKeys = {
  /** The key pair; cached by whoever gives it. */
  get(): Promise<CosCredentials>;
  /** COS refused this pair: fetches it again. Resolves with false if there is no other. */
  refresh(refused: CosCredentials): Promise<boolean>;
};

export type CosCall = {
  readonly op: string;
  readonly target: CosTarget;
  readonly signature: 'multi-effect' | 'single-effect';
  /** Beside `op` in the query of a GET. */
  readonly query?: Readonly<Record<string, string>>;
  /** A form, a JSON body, or nothing: then it is a GET with `op` in the query. */
  readonly body?: Form | { readonly json: Readonly<Record<string, unknown>> };
};

export type CosReply = z.infer<typeof envelope> & { readonly status: number };

export type Caller = {
  /** Sends one signed request. A code of COS is a reply, not an error; see `refusal`. */
  call(call: CosCall, signal: AbortSignal): Promise<CosReply>;
};

export type CallerParts = {
  readonly transport: Transport;
  readonly keys: CosKeys;
  readonly clock: Clock;
  readonly random: () => number;
};

/** The signature of the slices of a file in one second: good more than once, it need not be made for each. */
type Signed = {
  readonly pair: CosCredentials;
  readonly now: EpochSeconds;
  readonly target: CosTarget;
  readonly authorization: string;
};

/** Signs and sends; signs once more when the clock or the key pair was the trouble. */
export function openCaller({ transport, keys, clock, random }: CallerParts): Caller {
  let clockOffsetMs = 0; // COS's clock minus ours
  let latest: Signed | undefined;

  const signed = (pair: CosCredentials, { signature, target }: CosCall): string => {
    const now = toSeconds(clock() + clockOffsetMs);
    const moment = () => ({ now, nonce: Math.floor(random() * NONCE_MAX) });
    if (signature === 'single-effect') return signSingleEffect(pair, target, moment());
    if (latest?.pair !== pair || latest.now !== now || latest.target !== target)
      latest = { pair, now, target, authorization: signMultiEffect(pair, target, moment()) };
    return latest.authorization;
  };

  const once = async (
    call: CosCall,
    signal: AbortSignal,
  ): Promise<{ reply: CosReply; answer: HttpAnswer; pair: CosCredentials }> => {
    const pair = await keys.get();
    const answer = await transport.send(request(call, signed(pair, call)), signal);
    return { reply: read(call, answer), answer, pair };
  };

  return {
    async call(call, signal) {
      const { reply, answer, pair } = await once(call, signal);
      const { remedy } = meaningOf(reply.code);
      if (reply.code !== 0 && remedy === 'resign' && answer.date !== undefined) {
        clockOffsetMs = answer.date - clock();
        latest = undefined;
        return (await once(call, signal)).reply;
      }
      if (reply.code !== 0 && remedy === 'refresh' && (await keys.refresh(pair)))
        return (await once(call, signal)).reply;
      return reply;
    },
  };
}

/** The error a code stands for: CosUnavailable if it may pass, CosRefused if not. */
export function refusal(call: CosCall, reply: CosReply): CosUnavailable | CosRefused {
  const { meaning, remedy, wayOut, aboutSignature } = meaningOf(reply.code);
  const said = `COS answered ${reply.code} (${meaning}) to ${call.op} of ${call.target.bucket}/${call.target.path}`;
  const request = reply.request_id === '' ? '' : ` [request ${reply.request_id}]`;
  const message = `${said}${named(reply.message)}${request}`;
  const trace = { cosCode: reply.code, requestId: reply.request_id };
  const passes =
    remedy === 'retry' || remedy === 'throttle' || (reply.status >= 500 && remedy === 'ask-list');
  return passes
    ? new CosUnavailable(message, { ...trace, throttled: remedy === 'throttle' })
    : new CosRefused(message, { ...trace, wayOut, aboutSignature });
}

/** COS's own word for the code, where it is one: its other messages quote key ids and whatever else it was sent. */
const named = (message: string): string => (/^_?ERROR_[A-Z0-9_]{1,60}$/.test(message) ? `: ${message}` : '');

/** Reads the data of a good reply; a shape we do not know is a refusal. */
export function dataOf<T>(call: CosCall, reply: CosReply, schema: z.ZodType<T>): T {
  const read = schema.safeParse(reply.data);
  if (read.success) return read.data;
  const where = read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new CosRefused(
    `the answer of COS to ${call.op} is not understood (${where}) [request ${reply.request_id}]`,
    {
      requestId: reply.request_id,
      wayOut: 'check COS_ENDPOINT: is it a COS v4 endpoint?',
    },
  );
}

/** Who asks, for the logs of Tencent. */
const AGENT = { 'user-agent': `cos-slice-relay/${VERSION}` };

function request(call: CosCall, authorization: string) {
  const path = requestPath(call.target);
  if (call.body === undefined) {
    return {
      method: 'GET',
      path: `${path}?${new URLSearchParams({ op: call.op, ...call.query })}`,
      headers: { authorization, ...AGENT },
      body: [],
    } as const;
  }
  const form = 'json' in call.body ? jsonForm(call.op, call.body.json) : call.body;
  return {
    method: 'POST',
    path,
    headers: {
      authorization,
      ...AGENT,
      'content-type': form.contentType,
      'content-length': String(form.length),
    },
    body: form.pieces,
  } as const;
}

function jsonForm(op: string, fields: Readonly<Record<string, unknown>>): Form {
  const bytes = Buffer.from(JSON.stringify({ op, ...fields }));
  return { contentType: 'application/json', length: bytes.length, pieces: [bytes] };
}

/** A body that is not JSON is a proxy's, not COS's: the trouble may pass. */
function read(call: CosCall, answer: HttpAnswer): CosReply {
  const reply = envelope.safeParse(parsed(answer.text));
  if (!reply.success) {
    const said = `HTTP ${answer.status} with a body that is no COS reply to ${call.op}`;
    const requestId = requestIdOf(answer.requestId);
    throw new CosUnavailable(said, requestId ? { requestId } : {});
  }
  return {
    ...reply.data,
    request_id: reply.data.request_id || requestIdOf(answer.requestId),
    status: answer.status,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no envelope either: `read` names it
  }
}
