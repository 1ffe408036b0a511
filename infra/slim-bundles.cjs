const { join } = require('node:path');

/**
 * Keeps out of the bundles what no function can reach: all of undici but its connection pools over HTTP/1.1 (no fetch,
 * no HTTP/2, no parser for processors without SIMD and no experimental one), form-data's table of file endings (our
 * only file name has none) and its label for debuggers, and every hash of hash-wasm but SHA-1. What runs here is seen in
 * test/flow/bundles.test.ts.
 */
const NEVER_REACHED =
  /llhttp\/llhttp-wasm\.js$|\/milo\/|\/client-h2\.js$|\/web\/(fetch\/|webidl$)|^mime-db$|^es-set-tostringtag$/;

const slim = {
  name: 'slim',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, () => ({ path: join(__dirname, 'undici-pools.cjs') }));
    build.onResolve({ filter: /^hash-wasm$/ }, () => ({
      path: require.resolve('hash-wasm/dist/sha1.umd.min.js'),
    }));
    build.onResolve({ filter: NEVER_REACHED }, ({ path }) => ({ path, namespace: 'never-reached' }));
    build.onLoad({ filter: /.*/, namespace: 'never-reached' }, () => ({
      contents: 'module.exports = () => {};',
    }));
  },
};

module.exports = [slim];
