import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import {
  GetAccountSettingsCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  GetBucketEncryptionCommand,
  GetBucketNotificationConfigurationCommand,
  HeadBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { functionName, type Stage, WORKER } from '../../local/reach/stage.ts';
import type { Account } from './account.ts';

/** The account that a stage is deployed in, asked with the caller's own credentials. */
export function openAccount({ name: stage, region }: Stage): Account {
  const s3 = new S3Client({ followRegionRedirects: true });
  const dynamodb = new DynamoDBClient({});
  const lambda = new LambdaClient({});
  const iam = new IAMClient({});

  return {
    region,
    async bucket(Bucket) {
      const head = await s3.send(new HeadBucketCommand({ Bucket }));
      const told = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
      const encryption = await s3.send(new GetBucketEncryptionCommand({ Bucket })).catch(() => undefined);
      const [rule] = encryption?.ServerSideEncryptionConfiguration?.Rules ?? [];
      return {
        region: head.BucketRegion ?? region,
        eventBridge: told.EventBridgeConfiguration !== undefined,
        keyArn: rule?.ApplyServerSideEncryptionByDefault?.KMSMasterKeyID,
      };
    },
    async table(TableName) {
      const [{ Table }, expiry, backups] = await Promise.all([
        dynamodb.send(new DescribeTableCommand({ TableName })),
        dynamodb.send(new DescribeTimeToLiveCommand({ TableName })),
        dynamodb.send(new DescribeContinuousBackupsCommand({ TableName })),
      ]);
      const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
      return {
        active: Table?.TableStatus === 'ACTIVE',
        expires:
          expiry.TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED' &&
          expiry.TimeToLiveDescription.AttributeName === 'expiresAt',
        recovers: recovery?.PointInTimeRecoveryStatus === 'ENABLED',
        keyArn: Table?.SSEDescription?.KMSMasterKeyArn,
      };
    },
    async concurrency() {
      const FunctionName = functionName(stage, WORKER);
      const [{ AccountLimit }, { ReservedConcurrentExecutions }] = await Promise.all([
        lambda.send(new GetAccountSettingsCommand({})),
        lambda.send(new GetFunctionConcurrencyCommand({ FunctionName })),
      ]);
      return { account: AccountLimit?.ConcurrentExecutions ?? 0, workers: ReservedConcurrentExecutions };
    },
    async mayUse(name, { action, keyArn, service }) {
      const FunctionName = functionName(stage, name);
      const { Role } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      const via = `${service}.${region}.amazonaws.com`;
      const { EvaluationResults = [] } = await iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: Role,
          ActionNames: [action],
          ResourceArns: [keyArn],
          ContextEntries: [
            { ContextKeyName: 'kms:ViaService', ContextKeyType: 'string', ContextKeyValues: [via] },
          ],
        }),
      );
      return EvaluationResults.every(({ EvalDecision }) => EvalDecision === 'allowed');
    },
    async secretKey(SecretId) {
      return (await new SecretsManagerClient({}).send(new DescribeSecretCommand({ SecretId }))).KmsKeyId;
    },
  };
}
