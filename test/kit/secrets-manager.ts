import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type SecretsManager = AsyncDisposable & {
  readonly origin: string;
  /** The name of each secret that was asked for, in order. */
  readonly asked: string[];
  /** What is answered from now on: the text of the secret, or an error by its name. */
  answer: { readonly text: string } | { readonly error: string };
};

/** Secrets Manager's JSON protocol, as far as GetSecretValue goes. */
export async function startSecretsManager(answer: SecretsManager['answer']): Promise<SecretsManager> {
  const server = createServer(async (request, response) => {
    const { SecretId } = JSON.parse(await text(request));
    started.asked.push(SecretId);
    const { answer: now } = started;
    const known = 'text' in now && request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue';
    response.writeHead(known ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(
        known
          ? { Name: SecretId, SecretString: now.text, VersionStages: ['AWSCURRENT'] }
          : { __type: 'error' in now ? now.error : 'UnknownOperationException', message: 'no' },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const started: SecretsManager = {
    origin: `http://127.0.0.1:${port}`,
    asked: [],
    answer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return started;
}
