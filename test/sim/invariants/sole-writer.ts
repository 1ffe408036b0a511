import type { Violation } from '../run.ts';
import type { Operation } from '../scheduler.ts';
import type { World } from '../world.ts';

/** Requests without a session: nothing but a hold keeps others away from the path while one is under way. */
const UNGUARDED = new Set(['cos.upload', 'cos.remove', 'cos.update']);

/** One holder at a time: between the sending of such a request and its effect nobody else's request of that kind lands. */
export function openSoleWriter() {
  const underWay = new Map<Operation, string[]>();

  return {
    begins(operation: Operation): void {
      if (UNGUARDED.has(operation.name)) underWay.set(operation, []);
    },
    done(operation: Operation, { seen }: World): Violation | undefined {
      const others = underWay.get(operation);
      if (!others) return undefined;
      underWay.delete(operation);
      for (const [other, landed] of underWay) {
        if (other.life.about !== operation.life.about)
          landed.push(`${operation.name} of ${operation.life.name}`);
      }
      seen.unguarded += 1;
      const [first] = others;
      if (first === undefined) return undefined;
      const text = `${first} landed while ${operation.name} of ${operation.life.name} was under way`;
      return { invariant: 'one holder at a time', text };
    },
  };
}
