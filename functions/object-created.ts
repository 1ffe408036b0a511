import { objectEvents } from '../shared/lambda/object-events.ts';

export const handler = objectEvents();
