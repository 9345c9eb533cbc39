/** Of Runback, as its packages have it: evidence says what wrote it. */
export const version = "0.1.0";
