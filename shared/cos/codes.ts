/**
 * What a COS code asks for.
 * - answer: the flow branches on it, the operation returns it as a value
 * - retry: the trouble passes; throttle: it passes, with fewer requests at once
 * - resign: sign again with the server's clock; refresh: fetch the key pair again, once
 * - ask-list: only the list of slices tells whether the session is lost
 * - fail: it would be the same again
 */
type CodeRemedy = 'answer' | 'retry' | 'throttle' | 'resign' | 'refresh' | 'ask-list' | 'fail';

export type CodeMeaning = {
  readonly meaning: string;
  readonly remedy: CodeRemedy;
  readonly wayOut: string;
  /** It is about the signature, and so for the operator alone: what COS says beside it may quote the name of the key. */
  readonly aboutSignature?: true;
};

/** The codes that an operation returns as a value, by name. */
export const ANSWER = {
  unfinished: -4019,
  unfinishedOtherSha: -4020,
  fileExists: -177,
  directoryExists: -178,
  notFound: -197,
  incomplete: -175,
  otherSha: -4016,
  sliceSizeRefused: -284,
} as const;

/** Every code of the v4 API that a relay meets. (COS v4 API, page 436/8432, and the official SDKs.) */
const CODES: Readonly<Record<number, CodeMeaning>> = {
  [ANSWER.unfinished]: {
    meaning: 'an unfinished upload of this path exists',
    remedy: 'answer',
    wayOut: 'list its slices',
  },
  [ANSWER.unfinishedOtherSha]: {
    meaning: 'an unfinished upload of this path with another sha exists',
    remedy: 'answer',
    wayOut: 'finish or delete that upload',
  },
  [ANSWER.fileExists]: {
    meaning: 'the file exists',
    remedy: 'answer',
    wayOut: 'relay with onExisting=overwrite',
  },
  [ANSWER.directoryExists]: { meaning: 'the directory exists', remedy: 'answer', wayOut: 'nothing to do' },
  [ANSWER.notFound]: { meaning: 'no such file or directory', remedy: 'answer', wayOut: 'make the directory' },
  [ANSWER.incomplete]: {
    meaning: 'slices are missing, or the length is not the one at init',
    remedy: 'answer',
    wayOut: 'list again',
  },
  [ANSWER.otherSha]: {
    meaning: "the whole file's sha is another",
    remedy: 'answer',
    wayOut: 'relay the object again',
  },
  [ANSWER.sliceSizeRefused]: {
    meaning: 'the slice size is refused',
    remedy: 'answer',
    wayOut: 'set SLICE_SIZE=1048576',
  },
  [-5965]: {
    meaning: 'uploadparts is malformed',
    remedy: 'fail',
    wayOut: 'report it: this is a bug of the relay',
  },
  [-29094]: {
    meaning: 'sha was sent at init and is missing now',
    remedy: 'fail',
    wayOut: 'report it: this is a bug of the relay',
  },
  [-71]: {
    meaning: 'too many requests',
    remedy: 'throttle',
    wayOut: 'send fewer at once (MAX_IN_FLIGHT, MAX_CONCURRENCY)',
  },
  [-195]: { meaning: 'storage trouble behind the API', remedy: 'retry', wayOut: 'try again later' },
  [-196]: { meaning: 'storage trouble behind the API', remedy: 'retry', wayOut: 'try again later' },
  [-5997]: { meaning: 'network trouble behind the API', remedy: 'retry', wayOut: 'try again later' },
  [-47]: {
    meaning: 'the secret id is unknown',
    remedy: 'refresh',
    wayOut: 'check the secret id of the Tencent key pair',
    aboutSignature: true,
  },
  [-48]: {
    meaning: 'the signature is wrong',
    remedy: 'refresh',
    wayOut: 'check the secret key of the Tencent key pair',
    aboutSignature: true,
  },
  [-97]: {
    meaning: 'the signature is not accepted',
    remedy: 'refresh',
    wayOut: 'check that the Tencent key pair is enabled',
    aboutSignature: true,
  },
  [-59]: {
    meaning: 'the signature has expired',
    remedy: 'resign',
    wayOut: "set this machine's clock",
    aboutSignature: true,
  },
  [-61]: {
    meaning: 'the signature is for another bucket',
    remedy: 'fail',
    wayOut: 'check COS_BUCKET',
    aboutSignature: true,
  },
  [-63]: {
    meaning: 'the signature is for another file',
    remedy: 'fail',
    wayOut: 'report it: this is a bug of the relay',
    aboutSignature: true,
  },
  [-70]: {
    meaning: 'the signature is for another app',
    remedy: 'fail',
    wayOut: 'check COS_APP_ID: the key pair belongs to another account',
    aboutSignature: true,
  },
  [-133]: {
    meaning: 'no such bucket',
    remedy: 'fail',
    wayOut: 'check COS_BUCKET, COS_APP_ID and COS_REGION, or make the bucket',
  },
  [-199]: { meaning: 'the bucket name is not valid', remedy: 'fail', wayOut: 'check COS_BUCKET' },
  [-5999]: { meaning: 'bad parameter', remedy: 'ask-list', wayOut: 'ask Tencent, with the request id' },
};

/** An unknown code is fatal, except that a session may be what COS does not know: `ask-list` tells. */
export const meaningOf = (code: number): CodeMeaning =>
  CODES[code] ?? {
    meaning: 'a code this relay does not know',
    remedy: 'ask-list',
    wayOut: 'ask Tencent, with the request id',
  };

/** All codes with their meanings, for documents and tests. */
export const knownCodes = (): ReadonlyMap<number, CodeMeaning> =>
  new Map(Object.entries(CODES).map(([code, meaning]) => [Number(code), meaning]));
