/** The size of a test over real sockets: a sample in `npm test`, the whole in `npm run test:long`. */
export const sized = (sample: number, whole: number): number =>
  process.env.TEST_SIZE === 'whole' ? whole : sample;
