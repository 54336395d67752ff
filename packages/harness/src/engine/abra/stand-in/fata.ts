/** What ends the stand-in: shown as `FATA …` on standard output, with exit code 1. */
export class FataError extends Error {}
