import { handler } from '../../functions/object-created.ts';
import { withServices } from '../../shared/wiring/wiring.ts';
import type { ObjectVersion } from './models/bucket.ts';
import type { Run } from './run.ts';

/** As in the template: six times what the function may take, in ms. */
const VISIBILITY_MS = 720_000;
const FUNCTION_MS = 120_000;

type Message = {
  readonly id: string;
  readonly body: string;
  readonly about: string;
  receives: number;
};

export type EventQueue = {
  isEmpty(): boolean;
  send(body: object, about: string): void;
  /** Somebody saw the alarm, and sends back what rests in the dead-letter queue; false if nothing does. */
  redrive(): boolean;
};

/** SQS between EventBridge and the function: what fails comes again, and rests in the dead-letter queue at last. */
export function openEventQueue(run: Run): EventQueue {
  const waiting = new Set<Message>();
  const dead = new Set<Message>();
  let count = 0;

  async function deliver(message: Message): Promise<void> {
    message.receives += 1;
    const attributes = { ApproximateReceiveCount: String(message.receives) };
    const Records = [{ messageId: message.id, body: message.body, attributes }];
    const isDone = await run
      .live(`${message.id}.${message.receives}`, message.about, FUNCTION_MS, async (own, context) => {
        const answer = await withServices(own, () => handler({ Records }, context));
        return answer?.batchItemFailures.length === 0;
      })
      .catch(() => false);
    if (isDone) return void waiting.delete(message);
    if (message.receives < run.world.config.MAX_RECEIVES) {
      setTimeout(() => void deliver(message), VISIBILITY_MS);
      return;
    }
    run.scheduler.note(`${message.id} goes to the dead-letter queue`);
    run.world.seen.dropped += 1;
    waiting.delete(message);
    dead.add(message);
  }

  const enqueue = (body: string, about: string): void => {
    count += 1;
    const message = { id: `event${count}`, body, about, receives: 0 };
    waiting.add(message);
    void deliver(message);
  };

  return {
    isEmpty: () => waiting.size === 0,
    send: (body, about) => enqueue(JSON.stringify(body), about),
    redrive() {
      const again = [...dead];
      dead.clear();
      for (const { body, about } of again) enqueue(body, about);
      return again.length > 0;
    },
  };
}

const time = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

export const createdEvent = ({ key, versionId, etag, bytes, sequencer }: ObjectVersion) => ({
  version: '0',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  time: time(),
  detail: {
    bucket: { name: 'source' },
    object: { key, size: bytes?.length ?? 0, etag, sequencer, ...(versionId && { 'version-id': versionId }) },
  },
});

export const deletedEvent = ({ key, versionId, sequencer }: ObjectVersion) => ({
  version: '0',
  'detail-type': 'Object Deleted',
  source: 'aws.s3',
  time: time(),
  detail: {
    bucket: { name: 'source' },
    object: { key, sequencer, ...(versionId && { 'version-id': versionId }) },
  },
});
