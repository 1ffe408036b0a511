import { defineConfig, mergeConfig } from 'vitest/config';
import config from '../vitest.config.ts';

/** `npm run test:long`: what `npm test` only takes a sample of, at its whole size. */
export default mergeConfig(
  config,
  defineConfig({ test: { env: { TEST_SIZE: 'whole' }, testTimeout: 1_800_000 } }),
);
