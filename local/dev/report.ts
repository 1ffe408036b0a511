import type { RelayEvent } from '../../shared/observe/observe.ts';
import type { Transfer } from '../../shared/records/transfer.ts';
import { say } from '../command.ts';
import { bytesText, percent } from '../console/page/format.ts';
import { printable } from '../terminal/columns.ts';

/** A transfer that takes long is told of this often, in ms. */
const EVERY_MS = 2_000;

export const NOTHING_SENT = 'stored already, nothing sent';

type Progress = { readonly size: number; readonly since: number; held: number; sent: number; told: number };
type Asked = {
  readonly find: (transferId: string) => Promise<Transfer | undefined>;
  /** In ms; only differences count. */
  readonly now?: () => number;
  readonly tell?: (line: string) => void;
};

/** Tells of every transfer by the name of its object: that it goes on, how far it is, and how it ended. */
export function openReport({ find, now = () => performance.now(), tell = say }: Asked) {
  const names = new Map<string, Promise<string>>();
  const progress = new Map<string, Progress>();

  const line = (id: string, word: string, rest: string): void => {
    const name = names.get(id) ?? find(id).then(nameOf(id), () => id.slice(0, 8));
    names.set(id, name);
    void name.then((known) => tell(`${`${word} `.padEnd(10)}${known}: ${rest}`));
  };
  const forget = (id: string): void => {
    progress.delete(id);
    names.delete(id);
  };

  return (event: RelayEvent): void => {
    switch (event.kind) {
      case 'listed': {
        if (!event.first) return;
        const { transferId: id, size, heldBytes, held, missing } = event;
        progress.set(id, { size, since: now(), held: heldBytes, sent: 0, told: now() });
        const before = held > 0 ? `${held} slices held before, ` : '';
        line(id, 'sending', `${bytesText(size)}, ${before}${missing} slices to send`);
        return;
      }
      case 'slice-sent': {
        const far = progress.get(event.transferId);
        if (!far || event.resent) return;
        far.sent += event.bytes;
        if (now() - far.told < EVERY_MS) return;
        far.told = now();
        line(event.transferId, 'sending', howFar(far, now()));
        return;
      }
      case 'stored': {
        const took = (event.tookMs / 1000).toFixed(2);
        const sent = `${bytesText(event.bytes)} in ${took} s (${event.how})`;
        line(event.transferId, 'stored', event.how === 'skipped' ? NOTHING_SENT : sent);
        forget(event.transferId);
        return;
      }
      case 'ended': {
        const { transferId: id, state, error } = event;
        void find(id)
          .then(reasonIn, () => undefined)
          .then((reason) => {
            line(id, state, reason ?? error);
            forget(id);
          });
        return;
      }
      case 'window-sent':
      case 'hashed':
      case 'retried':
        return;
    }
  };
}

const reasonIn = (transfer: Transfer | undefined): string | undefined =>
  transfer && 'reason' in transfer
    ? printable([transfer.reason.message, transfer.reason.wayOut].filter(Boolean).join(' — '))
    : undefined;

const nameOf = (id: string) => (transfer: Transfer | undefined) =>
  transfer === undefined
    ? id.slice(0, 8)
    : printable(transfer.source.kind === 's3' ? transfer.source.key : transfer.target.path);

function howFar({ size, since, held, sent }: Progress, at: number): string {
  const done = Math.min(size, held + sent);
  const rate = sent / Math.max(0.001, (at - since) / 1000);
  return `${Math.floor(percent(done, size))}% of ${bytesText(size)}, ${bytesText(rate)}/s`;
}
