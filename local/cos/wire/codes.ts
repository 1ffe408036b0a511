type Known = { readonly status: number; readonly message: string };

/**
 * The protocol's table "Codes": the HTTP status each travels under, and its `message`. Names in capitals are those that clients
 * compare; where nobody's name is known, the message says what is wrong.
 */
const KNOWN = new Map<number, Known>(
  Object.entries({
    0: [200, 'SUCCESS'],
    [-47]: [403, 'PROXY_AUTH_SECRETID_NOEXIST'],
    [-48]: [403, 'ERROR_PROXY_AUTH_FAILED'],
    [-59]: [403, 'signature: expired'],
    [-61]: [403, 'signature: made for another bucket'],
    [-63]: [403, 'signature: made for another file'],
    [-70]: [403, 'signature: made for another app'],
    [-71]: [503, 'too many requests'],
    [-97]: [403, 'signature: missing, unreadable or of the wrong kind'],
    [-133]: [404, 'no such bucket'],
    [-173]: [400, 'ERROR_CMD_COS_DIR_NOT_EMPTY'],
    [-175]: [400, 'ERROR_CMD_COS_FILE_SIZE_NOT_EQU'],
    [-177]: [409, 'ERROR_CMD_COS_FILE_EXIST'],
    [-178]: [409, 'ERROR_CMD_COS_PATH_CONFLICT'],
    [-195]: [500, 'storage is in trouble'],
    [-197]: [404, 'ERROR_CMD_FILE_NOTEXIST'],
    [-199]: [400, 'bad bucket name'],
    [-284]: [400, 'slice_size is not accepted'],
    [-4016]: [409, 'sha of the whole file does not match'],
    [-4019]: [409, '_ERROR_FILE_NOT_FINISH_UPLOAD'],
    [-4020]: [409, 'an unfinished upload of this path with another sha exists'],
    [-5965]: [400, 'uploadparts is malformed'],
    [-5999]: [400, 'bad parameter'],
    [-29094]: [400, 'sha was given at init and is missing'],
  } as const).map(([code, [status, message]]) => [Number(code), { status, message }]),
);

export type Answer = {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  /** What exactly is wrong, where `message` is a name; travels in the header `x-cos-detail`. */
  readonly detail?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** The last field of `data`, as JSON already. */
  readonly listparts?: Buffer;
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

  constructor(code: number, detail?: string) {
    super(detail);
    this.answer = answerOf(code, detail);
  }
}

/** The answer for a code, under the protocol's HTTP status; an unknown code travels as 400. */
export function answerOf(code: number, detail?: string): Answer {
  const { status, message } = KNOWN.get(code) ?? { status: 400, message: `code ${code}` };
  if (detail === undefined) return { status, code, message };
  return { status, code, message: isName(message) ? message : detail, detail };
}

const isName = (message: string): boolean => /^[A-Z_]+$/.test(message);
