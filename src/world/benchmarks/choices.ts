export const LETTERS = ['A', 'B', 'C', 'D'] as const;

/** The letter of the right one among four choices. */
export function letterOf(choices: readonly string[], answer: string): string {
  const letter = LETTERS[choices.indexOf(answer)];
  if (letter === undefined) throw new Error(`"${answer}" is not among the four choices ${choices.join(', ')}`);
  return letter;
}
