// node run-bundle.mjs FILE < EVENT → what the handler answers, as Lambda would pass it on: the last line of stdout.
const [file] = process.argv.slice(2);
let event = '';
for await (const text of process.stdin.setEncoding('utf8')) event += text; // a slice is too long for an argument
const { handler } = await import(file);
const context = { getRemainingTimeInMillis: () => 60_000, awsRequestId: 'local' };
const outcome = await handler(JSON.parse(event), context);
process.stdout.write(`\n${JSON.stringify(outcome ?? null)}\n`, () => process.exit());
