/** Which tokens of padded sequences are read, for `decode`: the same number of every sequence. */
export type ReadPlan = Readonly<{
  /** [B * M] flat positions b * T + t; a sequence's first token where it has fewer */
  read: Int32Array;
  /** where each wanted token stands among those that are read, b * M + m, sequence after sequence */
  at: readonly number[];
}>;

/** Positions that are wanted of every sequence, in sequences padded to `length` tokens with room for `most` of them each. */
export function planRead(wanted: readonly (readonly number[])[], length: number, most: number): ReadPlan {
  const read = new Int32Array(wanted.length * most);
  const at: number[] = [];
  wanted.forEach((own, b) => {
    if (own.length > most) throw new Error(`${own.length} tokens to read of a sequence with room for ${most}`);
    read.fill(b * length, b * most, (b + 1) * most);
    own.forEach((t, m) => {
      read[b * most + m] = b * length + t;
      at.push(b * most + m);
    });
  });
  return { read, at };
}
