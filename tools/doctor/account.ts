/** What the checks ask of AWS. Each may throw what the SDK throws. */
export type Account = {
  readonly region: string;
  bucket(name: string): Promise<BucketFacts>;
  table(name: string): Promise<TableFacts>;
  concurrency(): Promise<Concurrency>;
  /** Whether the policies of a function's role let it use this key so. The key's own policy is not asked. */
  mayUse(functionName: string, use: KeyUse): Promise<boolean>;
  /** The key of the secret, if it is not the account's own. */
  secretKey(name: string): Promise<string | undefined>;
};

export type KeyUse = {
  readonly action: 'kms:Decrypt' | 'kms:GenerateDataKey';
  readonly keyArn: string;
  /** Through which the key is used. */
  readonly service: 's3' | 'secretsmanager' | 'dynamodb';
};

type BucketFacts = {
  readonly region: string;
  readonly eventBridge: boolean;
  /** The ARN of the KMS key that objects are encrypted with by default. */
  readonly keyArn?: string | undefined;
};

type TableFacts = {
  readonly active: boolean;
  readonly expires: boolean;
  readonly recovers: boolean;
  readonly keyArn?: string | undefined;
};

/** Calls at once: of the account, and those kept for `upload-slices`. */
type Concurrency = { readonly account: number; readonly workers: number | undefined };
