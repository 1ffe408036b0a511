// node run-bundle.mjs FILE EVENT → what the handler answers, as Lambda would pass it on: the last line of stdout.
const [file, event] = process.argv.slice(2);
const { handler } = await import(file);
const context = { getRemainingTimeInMillis: () => 60_000, awsRequestId: 'local' };
const outcome = await handler(JSON.parse(event), context);
process.stdout.write(`\n${JSON.stringify(outcome ?? null)}\n`, () => process.exit());
