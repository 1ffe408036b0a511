/** What can be done about a failure: the same again, a new upload session, or nothing. */
export type Remedy = 'retry' | 'reopen' | 'give-up';

export type CosTrace = { readonly cosCode?: number; readonly requestId?: string };

/** A failure that a step cannot go on from. `name` is what Step Functions matches on: always a literal. */
export abstract class RelayError extends Error {
  abstract override readonly name: string;
  abstract readonly remedy: Remedy;
  /** What the reader of the message can do about it. */
  abstract readonly wayOut: string;
  readonly cosCode: number | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, options: ErrorOptions & CosTrace = {}) {
    super(message, options);
    this.cosCode = options.cosCode;
    this.requestId = options.requestId;
  }
}

/** COS said no, and would say it again. */
export class CosRefused extends RelayError {
  override readonly name = 'CosRefused';
  readonly remedy = 'give-up';
  readonly wayOut: string;
  /** It is about the relay's signature, and so for the operator alone. */
  readonly aboutSignature: boolean;
  constructor(
    message: string,
    options: ErrorOptions & CosTrace & { wayOut: string; aboutSignature?: true | undefined },
  ) {
    super(message, options);
    this.wayOut = options.wayOut;
    this.aboutSignature = options.aboutSignature ?? false;
  }
}

/** COS, or the way to it, is in trouble that passes. */
export class CosUnavailable extends RelayError {
  override readonly name = 'CosUnavailable';
  readonly remedy = 'retry';
  readonly wayOut = 'try again later; what COS holds is kept and is not sent again';
  /** COS asked for fewer requests at once. */
  readonly throttled: boolean;
  constructor(message: string, options: ErrorOptions & CosTrace & { throttled?: boolean } = {}) {
    super(message, options);
    this.throttled = options.throttled ?? false;
  }
}

/** COS no longer knows the session, or it is not ours any more. */
export class SessionLost extends RelayError {
  override readonly name = 'SessionLost';
  readonly remedy = 'reopen';
  readonly wayOut = 'the upload is opened anew';
}

/** The target holds an unfinished upload that is somebody else's, and the policy is to leave it. */
export class ForeignUpload extends RelayError {
  override readonly name = 'ForeignUpload';
  readonly remedy = 'give-up';
  readonly wayOut = 'finish or delete that upload, or relay with onForeignUpload=replace';
}

/** A file is there already, and the policy is to leave it. */
export class TargetExists extends RelayError {
  override readonly name = 'TargetExists';
  readonly remedy = 'give-up';
  readonly wayOut = 'delete the file, or relay with onExisting=overwrite';
}

/** Another source is being relayed to the same target right now. */
export class TargetBusy extends RelayError {
  override readonly name = 'TargetBusy';
  readonly remedy = 'retry';
  readonly wayOut = 'wait for the other transfer, or cancel it';
  /** It is this very source version that another call carries right now. */
  readonly bySelf: boolean;
  constructor(message: string, options: ErrorOptions & { bySelf?: boolean } = {}) {
    super(message, options);
    this.bySelf = options.bySelf ?? false;
  }
}

/** The day's egress budget is used up: what is new begins when the day has turned. */
export class BudgetUsedUp extends RelayError {
  override readonly name = 'BudgetUsedUp';
  readonly remedy = 'retry';
  readonly wayOut = 'wait for the next day (UTC), or raise EGRESS_BUDGET_GB_PER_DAY';
  /** In ms since the epoch. */
  readonly until: number;
  /** How far away that is, in s. */
  readonly waitS: number;
  constructor(message: string, options: ErrorOptions & { until?: number; waitS?: number } = {}) {
    super(message, options);
    this.until = options.until ?? 0;
    this.waitS = options.waitS ?? 0;
  }
}

/** The source object is no longer the version that was pinned. */
export class SourceChanged extends RelayError {
  override readonly name = 'SourceChanged';
  readonly remedy = 'give-up';
  readonly wayOut = 'relay the new version';
}

/** The source object is not there, or not readable. */
export class SourceMissing extends RelayError {
  override readonly name = 'SourceMissing';
  readonly remedy = 'give-up';
  readonly wayOut = 'check bucket, key and version, and that the role may read them';
  /** S3 said that it does not exist; otherwise it may only be out of reach. */
  readonly absent: boolean;
  constructor(message: string, options: ErrorOptions & { absent?: boolean } = {}) {
    super(message, options);
    this.absent = options.absent ?? false;
  }
}

/** The object is there, in an archive: its bytes can be read only after they were restored. */
export class SourceArchived extends RelayError {
  override readonly name = 'SourceArchived';
  readonly remedy = 'give-up';
  readonly wayOut = 'restore the object (aws s3api restore-object): the event of its restore relays it';
}

/** S3 does not let the relay read the object; `wayOut` says which of the reasons it is. */
export class SourceDenied extends RelayError {
  override readonly name = 'SourceDenied';
  readonly remedy = 'give-up';
  readonly wayOut: string;
  constructor(message: string, options: ErrorOptions & { wayOut: string }) {
    super(message, options);
    this.wayOut = options.wayOut;
  }
}

/** The bucket is in another region than the relay asks. */
export class SourceMoved extends RelayError {
  override readonly name = 'SourceMoved';
  readonly remedy = 'give-up';
  readonly wayOut = 'run the relay in the region of the bucket, or set AWS_REGION to it';
}

/** The object is larger than the target takes. */
export class TooLarge extends RelayError {
  override readonly name = 'TooLarge';
  readonly remedy = 'give-up';
  readonly wayOut =
    'split the object, or use the XML API of COS; if your bucket takes more, raise MAX_OBJECT_BYTES';
}

/** An event that is not about the configured source. */
export class ForeignSource extends RelayError {
  override readonly name = 'ForeignSource';
  readonly remedy = 'give-up';
  readonly wayOut =
    'see who else writes to the queue, or correct SOURCE_BUCKET, SOURCE_PREFIX and SOURCE_SUFFIX';
}

/** The transfer is stored, but its receipt could not be put into the receipts bucket. */
export class ReceiptNotWritten extends RelayError {
  override readonly name = 'ReceiptNotWritten';
  readonly remedy = 'retry';
  readonly wayOut = 'check RECEIPTS_BUCKET and that the role may write to it, then redrive the transfer';
}

/** S3, or the way to it, is in trouble that passes. */
export class SourceUnavailable extends RelayError {
  override readonly name = 'SourceUnavailable';
  readonly remedy = 'retry';
  readonly wayOut = 'try again later; what COS holds is kept and is not sent again';
}

/** COS received other bytes than were sent, again and again. */
export class SliceCorrupt extends RelayError {
  override readonly name = 'SliceCorrupt';
  readonly remedy = 'retry';
  readonly wayOut = 'look for a broken proxy or memory on the way; nothing was finished';
}

/** What COS holds after finish is not the source. */
export class NotIdentical extends RelayError {
  override readonly name = 'NotIdentical';
  readonly remedy = 'give-up';
  readonly wayOut = 'relay it again with onExisting=overwrite; do not use the file in COS';
}

/** A loop of the machine moved nothing. */
export class NoProgress extends RelayError {
  override readonly name = 'NoProgress';
  readonly remedy = 'give-up';
  readonly wayOut = 'look at the last COS code of this transfer, then redrive it';
}

/** The caller's words make no sense. */
export class BadInput extends RelayError {
  override readonly name = 'BadInput';
  readonly remedy = 'give-up';
  readonly wayOut: string;
  constructor(message: string, options: ErrorOptions & { wayOut?: string } = {}) {
    super(message, options);
    this.wayOut = options.wayOut ?? 'correct the input';
  }
}

/** The configuration cannot work. */
export class BadConfig extends RelayError {
  override readonly name = 'BadConfig';
  readonly remedy = 'give-up';
  readonly wayOut = 'correct the environment variables named above';
}

/** The table does not know the transfer. */
export class UnknownTransfer extends RelayError {
  override readonly name = 'UnknownTransfer';
  readonly remedy = 'give-up';
  readonly wayOut = 'check the transfer id; records expire some time after the transfer ended';
}

/** An `Error` whatever was thrown. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
