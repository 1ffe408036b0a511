/** One child execution of a map run. `items` is how many it is for. */
export type Child = {
  readonly name: string;
  readonly input: unknown;
  readonly items: number;
  status: 'waiting' | 'running' | 'succeeded' | 'failed' | 'aborted';
  output?: unknown;
  error?: Error;
};
