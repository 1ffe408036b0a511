// node run-bundle.mjs: each line of stdin, {"file", "event"}, is a call of that function; its answer, as Lambda would pass it on,
// is one line of stdout that begins with "answer: ". A file stays loaded until stdin ends.
import { createInterface } from 'node:readline';

const context = { getRemainingTimeInMillis: () => 60_000, awsRequestId: 'local' };
for await (const line of createInterface({ input: process.stdin })) {
  const { file, event } = JSON.parse(line);
  const { handler } = await import(file);
  const outcome = await handler(event, context);
  await new Promise((resolve) => {
    process.stdout.write(`\nanswer: ${JSON.stringify(outcome ?? null)}\n`, resolve);
  });
}
process.exit();
