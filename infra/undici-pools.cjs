// `undici` as the bundles see it: its index.js, less what we do not use.
const Dispatcher = require('undici/lib/dispatcher/dispatcher');

Dispatcher.prototype.request = require('undici/lib/api/api-request');
module.exports = { Pool: require('undici/lib/dispatcher/pool') };
