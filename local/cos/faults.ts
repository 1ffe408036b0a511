/** What goes wrong with one request. */
export type FaultAct =
  | { readonly kind: 'reset-before' } // the socket dies, nothing is stored
  | { readonly kind: 'reset-after' } // stored, then the socket dies without an answer
  | { readonly kind: 'status'; readonly status: number; readonly code: number } // refused, nothing is stored
  | { readonly kind: 'html'; readonly status: number } // a proxy's error page, nothing is stored
  | { readonly kind: 'stall'; readonly when: 'before' | 'after'; readonly forMs: number } // of storing
  | { readonly kind: 'truncated' } // stored, the answer breaks off in the middle
  | { readonly kind: 'wrong-md5' } // stored well, the answer's datamd5 is another
  | { readonly kind: 'corrupt' } // stored damaged, datamd5 is that of the damaged bytes
  | { readonly kind: 'forget-session' } // the path's upload vanishes, then the request is served
  | { readonly kind: 'list-lags'; readonly slices: number } // the list leaves out those stored last
  | { readonly kind: 'answered-with-error'; readonly status: number; readonly code: number } // but done
  | { readonly kind: 'duplicate' }; // served twice, the second answer is sent

/** Hits the requests that match `op` and `offset`: lets `skip` pass, then hits `times` (1 unless given). */
export type Fault = {
  readonly op?: string;
  readonly offset?: number;
  readonly skip?: number;
  readonly times?: number;
  /** With `chance` each match is hit with that probability, drawn from `random`. */
  readonly chance?: number;
  readonly random?: () => number;
  readonly act: FaultAct;
};

export type FaultTarget = Omit<Fault, 'act' | 'times'>;

const fault = (times: number, target: FaultTarget, act: FaultAct): Fault => ({ ...target, times, act });

/** The first `times` slices are cut off before anything is stored. */
export const dropFirst = (times: number, target: FaultTarget = { op: 'upload_slice_data' }): Fault =>
  fault(times, target, { kind: 'reset-before' });

/** Stored, but the answer never comes: the client must send again without harm. */
export const loseAnswer = (times: number, target: FaultTarget = { op: 'upload_slice_data' }): Fault =>
  fault(times, target, { kind: 'reset-after' });

/** 503 with -71: too many requests. */
export const busy = (times: number, target: FaultTarget = {}): Fault => refuse(times, 503, -71, target);

export const refuse = (times: number, status: number, code: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'status', status, code });

export const errorPage = (times: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'html', status: 502 });

/** Silence before anything is stored; `Infinity` lasts until the client hangs up. */
export const stall = (times: number, forMs: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'stall', when: 'before', forMs });

export const stallAfterStoring = (times: number, forMs: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'stall', when: 'after', forMs });

export const truncateAnswer = (times: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'truncated' });

export const lieAboutMd5 = (times: number, target: FaultTarget = {}): Fault =>
  fault(times, { op: 'upload_slice_data', ...target }, { kind: 'wrong-md5' });

export const corrupt = (times: number, target: FaultTarget = { op: 'upload_slice_data' }): Fault =>
  fault(times, target, { kind: 'corrupt' });

export const forgetSession = (times: number, target: FaultTarget = { op: 'upload_slice_data' }): Fault =>
  fault(times, target, { kind: 'forget-session' });

export const lagList = (times: number, slices: number, target: FaultTarget = {}): Fault =>
  fault(times, { op: 'upload_slice_list', ...target }, { kind: 'list-lags', slices });

/** Done, but answered with an error: a finish that counts and looks failed. */
export const doneButFailed = (times: number, status: number, code: number, target: FaultTarget): Fault =>
  fault(times, target, { kind: 'answered-with-error', status, code });

export const duplicate = (times: number, target: FaultTarget = {}): Fault =>
  fault(times, target, { kind: 'duplicate' });
