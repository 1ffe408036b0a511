import { objectEvents } from '../shared/lambda/object-event.ts';
import '../shared/source/s3-source.ts'; // every call reads S3: load it before the first

export const handler = objectEvents();
