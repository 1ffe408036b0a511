/** The release, as package.json has it: in every log line, receipt and request to COS. */
export const VERSION = '0.2.0';
