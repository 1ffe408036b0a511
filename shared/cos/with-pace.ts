import type { CosClient } from './client.ts';
import type { Pace } from './pace.ts';

/** Slices wait until the pace lets them go. Goes around the retries: a slice keeps its place until it is through. */
export const withPace = (inner: CosClient, pace: Pace): CosClient => ({
  ...inner,
  async put(target, request, signal) {
    // no wait where a place is free: the request is on its way before the caller hashes the slice
    const stop = request.beginBy ?? signal;
    const place = stop.aborted ? undefined : (pace.enterNow() ?? (await pace.enter(stop)));
    if (!place) {
      if (!request.beginBy) signal.throwIfAborted();
      return { kind: 'not-begun' };
    }
    try {
      return await inner.put(target, request, signal);
    } finally {
      place.leave();
    }
  },
});
