import { AsyncLocalStorage } from 'node:async_hooks';
import type { S3Client } from '@aws-sdk/client-s3';

/** What this project calls, in the words of IAM. A command that is not here fails the test that makes it. */
const ACTIONS: Readonly<Record<string, (input: object) => readonly string[]>> = {
  GetCommand: () => ['dynamodb:GetItem'],
  PutCommand: () => ['dynamodb:PutItem'],
  UpdateCommand: () => ['dynamodb:UpdateItem'],
  BatchGetCommand: () => ['dynamodb:BatchGetItem'],
  QueryCommand: (input) => [
    'IndexName' in input ? `dynamodb:Query index/${input.IndexName}` : 'dynamodb:Query',
  ],
  // a version is read by the same call with its id, and needs the other right
  HeadObjectCommand: (input) => ['s3:GetObject', ...('VersionId' in input ? ['s3:GetObjectVersion'] : [])],
  GetObjectCommand: (input) => ['s3:GetObject', ...('VersionId' in input ? ['s3:GetObjectVersion'] : [])],
  PutObjectCommand: () => ['s3:PutObject'],
  GetSecretValueCommand: () => ['secretsmanager:GetSecretValue'],
  StartExecutionCommand: () => ['states:StartExecution'],
  DescribeExecutionCommand: () => ['states:DescribeExecution'],
  StopExecutionCommand: () => ['states:StopExecution'],
  ListMapRunsCommand: () => ['states:ListMapRuns'],
  DescribeMapRunCommand: () => ['states:DescribeMapRun'],
  UpdateMapRunCommand: () => ['states:UpdateMapRun'],
};

const running = new AsyncLocalStorage<string>();
const called = new Map<string, Set<string>>();

/** From now on every call through `client`, presigned ones too, counts for the function that runs it. */
export function recordCalls(client: { readonly middlewareStack: unknown }): void {
  const { middlewareStack } = client as S3Client; // the stacks of all clients are alike; their types name the inputs
  middlewareStack.add(
    (next, { commandName = 'a command without a name' }) =>
      (args) => {
        const name = running.getStore();
        if (name !== undefined) note(name, actionsOf(commandName, args.input));
        return next(args);
      },
    { step: 'initialize', name: 'recordCalls', override: true },
  );
}

/** Runs a handler; what it calls counts for the function of this name. */
export const asFunction = <T>(name: string, work: () => T): T => running.run(name, work);

/** The actions each function has used so far, in order. */
export const callsOf = (name: string): string[] => [...(called.get(name) ?? [])].sort();

function actionsOf(command: string, input: object): readonly string[] {
  // lib-dynamodb sends its command inside the plain one, with the same meaning
  const action = ACTIONS[command] ?? ACTIONS[command.replace('Item', '')];
  if (!action)
    throw new Error(`${command} is called, and test/kit/aws-calls.ts does not know which right it needs`);
  return action(input);
}

function note(name: string, actions: readonly string[]): void {
  const known = called.get(name) ?? new Set();
  for (const action of actions) known.add(action);
  called.set(name, known);
}
