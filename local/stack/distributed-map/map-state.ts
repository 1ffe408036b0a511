import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import * as z from 'zod';

const template = z.record(z.string(), z.unknown());
const child = z.custom<Pick<StateMachineDefinition, 'StartAt' | 'States'>>(
  (value) => typeof value === 'object' && value !== null && 'StartAt' in value && 'States' in value,
);

/** A Map state of mode DISTRIBUTED, as far as the local map knows it; an unknown field is refused. */
export const mapState = z.strictObject({
  Type: z.literal('Map'),
  Comment: z.string().optional(),
  Label: z.string().optional(),
  ItemsPath: z.string().optional(),
  ItemReader: z
    .strictObject({
      Resource: z.enum(['arn:aws:states:::s3:listObjectsV2', 'arn:aws:states:::s3:getObject']),
      ReaderConfig: z
        .strictObject({
          InputType: z.enum(['CSV', 'JSON', 'JSONL', 'MANIFEST']),
          CSVHeaderLocation: z.enum(['FIRST_ROW', 'GIVEN']).optional(),
          CSVHeaders: z.array(z.string()).optional(),
          MaxItems: z.number().int().positive().optional(),
        })
        .optional(),
      Parameters: template,
    })
    .optional(),
  ItemSelector: template.optional(),
  ItemBatcher: z
    .strictObject({
      MaxItemsPerBatch: z.number().int().positive().optional(),
      MaxItemsPerBatchPath: z.string().optional(),
      MaxInputBytesPerBatch: z.number().int().positive().optional(),
      BatchInput: template.optional(),
    })
    .optional(),
  MaxConcurrency: z.number().int().nonnegative().optional(),
  MaxConcurrencyPath: z.string().optional(),
  ToleratedFailurePercentage: z.number().min(0).max(100).optional(),
  ToleratedFailureCount: z.number().int().nonnegative().optional(),
  ItemProcessor: z
    .looseObject({
      ProcessorConfig: z.strictObject({
        Mode: z.literal('DISTRIBUTED'),
        ExecutionType: z.enum(['STANDARD', 'EXPRESS']),
      }),
    })
    .and(child),
  ResultWriter: z
    .strictObject({
      Resource: z.literal('arn:aws:states:::s3:putObject'),
      Parameters: template,
      WriterConfig: z
        .strictObject({
          Transformation: z.enum(['NONE', 'COMPACT', 'FLATTEN']),
          OutputType: z.enum(['JSON', 'JSONL']),
        })
        .optional(),
    })
    .optional(),
});
export type MapState = z.infer<typeof mapState>;

/** The fields of a Map state that any state has: the interpreter sees to them. */
export const COMMON = [
  'InputPath',
  'ResultSelector',
  'ResultPath',
  'OutputPath',
  'Retry',
  'Catch',
  'Next',
  'End',
];
