import { objectEvents } from '../shared/lambda/object-event.ts';

export const handler = objectEvents();
