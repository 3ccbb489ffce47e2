/** Before a word that a drawn world's truth knows to be right for its patch, and before one that it knows to be wrong. */
export const RIGHT = '✓';
export const WRONG = '✗';
