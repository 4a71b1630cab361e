import type { Log } from '@formwork/db';

/** Says nothing, unless a test run is asked to talk: FORMWORK_TEST_LOG=1. */
export const quiet: Log =
  process.env['FORMWORK_TEST_LOG'] === undefined
    ? { info: () => undefined, warn: () => undefined, error: () => undefined }
    : {
        info: (fields, message) => {
          console.log(message, fields);
        },
        warn: (fields, message) => {
          console.log(message, fields);
        },
        error: (fields, message) => {
          console.log(message, fields);
        },
      };
