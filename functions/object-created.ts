import { objectEvents } from '../shared/lambda/object-events.ts';
import '../shared/s3/s3-source.ts'; // every call reads S3: load it before the first

export const handler = objectEvents();
