export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured logs; never a key, never a signature. */
export type Log = {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
};

/** What happens, for metrics and progress bars. Sizes in bytes, times in ms. */
export type RelayEvent =
  | {
      readonly kind: 'listed';
      readonly transferId: string;
      readonly size: number;
      readonly heldBytes: number;
      readonly held: number;
      readonly missing: number;
      readonly first: boolean;
    }
  | {
      readonly kind: 'slice-sent';
      readonly transferId: string;
      readonly bytes: number;
      readonly inFlight: number;
      readonly resent: boolean;
    }
  | {
      readonly kind: 'window-sent';
      readonly transferId: string;
      readonly bytes: number;
      readonly slices: number;
      readonly resent: number;
    }
  | { readonly kind: 'hashed'; readonly transferId: string; readonly bytes: number; readonly size: number }
  | {
      readonly kind: 'stored';
      readonly transferId: string;
      readonly bytes: number;
      readonly tookMs: number;
      readonly how: string;
      /** Of the look that proved it. */
      readonly requestId: string;
    }
  /** The day's budget is used up: it waits. */
  | { readonly kind: 'held-back'; readonly bytes: number }
  /** A request to COS is sent again; `code` is what COS said, if it said anything. */
  | { readonly kind: 'retried'; readonly code: number | undefined }
  | { readonly kind: 'ended'; readonly transferId: string; readonly state: string; readonly error: string };

export const silentLog: Log = { info: () => undefined, warn: () => undefined };
