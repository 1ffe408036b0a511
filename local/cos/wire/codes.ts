/** The table "Codes" of the protocol: what each code is called and under which HTTP status it travels. */
const KNOWN: Readonly<Record<number, { readonly status: number; readonly message: string }>> = {
  0: { status: 200, message: 'SUCCESS' },
  [-47]: { status: 403, message: 'signature: secret id is unknown' },
  [-48]: { status: 403, message: 'signature: digest does not match' },
  [-59]: { status: 403, message: 'signature: expired' },
  [-61]: { status: 403, message: 'signature: made for another bucket' },
  [-63]: { status: 403, message: 'signature: made for another file' },
  [-70]: { status: 403, message: 'signature: made for another app' },
  [-71]: { status: 503, message: 'too many requests' },
  [-97]: { status: 403, message: 'signature: missing, unreadable or of the wrong kind' },
  [-133]: { status: 404, message: 'no such bucket' },
  [-175]: { status: 400, message: 'file is not whole' },
  [-177]: { status: 409, message: 'file exists' },
  [-178]: { status: 409, message: 'directory exists' },
  [-195]: { status: 500, message: 'storage is in trouble' },
  [-197]: { status: 404, message: 'no such file or directory' },
  [-199]: { status: 400, message: 'bad bucket name' },
  [-284]: { status: 400, message: 'slice_size is not accepted' },
  [-4016]: { status: 409, message: 'sha of the whole file does not match' },
  [-4019]: { status: 409, message: 'an unfinished upload of this path exists' },
  [-4020]: { status: 409, message: 'an unfinished upload of this path with another sha exists' },
  [-5965]: { status: 400, message: 'uploadparts is malformed' },
  [-5999]: { status: 400, message: 'bad parameter' },
  [-29094]: { status: 400, message: 'sha was given at init and is missing' },
};

export type Answer = {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
};

export const good = (data?: Readonly<Record<string, unknown>>): Answer => ({
  status: 200,
  code: 0,
  message: 'SUCCESS',
  ...(data && { data }),
});

/** An answer with a code that is not 0, thrown by whoever finds that a request cannot be served. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly answer: Answer;

  constructor(code: number, message?: string) {
    super(message);
    this.answer = answerOf(code, message);
  }
}

/** The answer for a code, under the protocol's HTTP status; an unknown code travels as 400. */
export function answerOf(code: number, message?: string): Answer {
  const known = KNOWN[code];
  return { status: known?.status ?? 400, code, message: message || known?.message || `code ${code}` };
}
